// A video: MP4 or 3GPP with H.264 and AAC, 16 MB at the most.
import { caption, mediaFaults, mediaReference, mediaSource } from './media.ts';
import { defineKind, exactly } from './kind.ts';

export const video = defineKind({
  type: 'video',
  schema: exactly({ ...mediaSource, caption }),
  faults: (content, fields) => mediaFaults(content, 'video', fields),
  mediaIn: (content) => [mediaReference('video', content, 'video')],
  preview: (content) => content.caption ?? 'Video',
  example: { link: 'https://cdn.example.com/unboxing.mp4', caption: 'How to open the box' },
});
