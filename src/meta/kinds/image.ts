// An image: JPEG or PNG, 5 MB at the most (Meta looks at the file after it has accepted the message).
import { caption, mediaFaults, mediaReference, mediaSource } from './media.ts';
import { defineKind, exactly } from './kind.ts';

export const image = defineKind({
  type: 'image',
  schema: exactly({ ...mediaSource, caption }),
  faults: (content, fields) => mediaFaults(content, 'image', fields),
  mediaIn: (content) => [mediaReference('image', content, 'image')],
  preview: (content) => content.caption ?? 'Image',
  example: { link: 'https://cdn.example.com/receipt.jpg', caption: 'Your receipt' },
});
