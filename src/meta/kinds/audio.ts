// Sound, without a caption. A voice message (OGG with Opus, mono) is shown with a waveform, and says when it is played.
import { Type } from 'typebox';
import { mediaFaults, mediaReference, mediaSource } from './media.ts';
import { defineKind, exactly } from './kind.ts';

export const audio = defineKind({
  type: 'audio',
  schema: exactly({
    ...mediaSource,
    voice: Type.Optional(Type.Boolean({ description: 'Show it as a voice message.' })),
  }),
  faults: (content, fields) => mediaFaults(content, 'audio', fields),
  mediaIn: (content) => [mediaReference('audio', content, 'audio')],
  preview: (content) => (content.voice === true ? 'Voice message' : 'Audio'),
  example: { id: '1013859600285442', voice: true },
});
