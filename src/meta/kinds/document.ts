// A document of any kind, 100 MB at the most.
import { caption, filename, mediaFaults, mediaReference, mediaSource } from './media.ts';
import { defineKind, exactly } from './kind.ts';

export const document = defineKind({
  type: 'document',
  schema: exactly({ ...mediaSource, caption, filename }),
  faults: (content, fields) => mediaFaults(content, 'document', fields),
  mediaIn: (content) => [mediaReference('document', content, 'document')],
  preview: (content) => content.filename ?? content.caption ?? 'Document',
  example: {
    link: 'https://cdn.example.com/invoice-4711.pdf',
    caption: 'Your invoice',
    filename: 'invoice-4711.pdf',
  },
});
