// The parts that interactive messages share: header, body, footer, the button that opens an address.
import { Type, type Static, type TProperties } from 'typebox';
import { fault, type Fault, type Fields } from './fault.ts';
import { characters, exactly, type MediaReference } from './kind.ts';
import { documentObject, mediaFaults, mediaObject, mediaReference } from './media.ts';

/** The content of one kind of interactive message. */
export function interactive<Name extends string, Properties extends TProperties>(
  name: Name,
  properties: Properties,
) {
  return exactly({ type: Type.Literal(name), ...properties });
}

export const body = exactly({ text: characters(1, 1024, 'The text of the message.') });
export const longBody = exactly({ text: characters(1, 4096, 'The text of the message.') });
export const footer = exactly({ text: characters(1, 60, 'Small text below.') });

export const textHeader = exactly({
  type: Type.Literal('text'),
  text: characters(1, 60, 'A bold line above.'),
});
export const imageHeader = exactly({ type: Type.Literal('image'), image: mediaObject });
export const videoHeader = exactly({ type: Type.Literal('video'), video: mediaObject });
const documentHeader = exactly({ type: Type.Literal('document'), document: documentObject });

export const mediaHeader = Type.Union([imageHeader, videoHeader]);
export const anyHeader = Type.Union([textHeader, imageHeader, videoHeader, documentHeader]);
export type Header = Static<typeof anyHeader>;

/** An action that consists of its name alone. */
export function namedAction<Name extends string>(name: Name) {
  return exactly({ name: Type.Literal(name) });
}

export const linkButton = exactly({
  display_text: characters(1, 20, 'The button’s label.'),
  url: characters(1, Infinity, 'The https address it opens.'),
});

export function* headerFaults(header: Header | undefined, path: string, fields: Fields): Iterable<Fault> {
  if (header?.type === 'image') yield* mediaFaults(header.image, `${path}.image`, fields);
  if (header?.type === 'video') yield* mediaFaults(header.video, `${path}.video`, fields);
  if (header?.type === 'document') yield* mediaFaults(header.document, `${path}.document`, fields);
}

export function* headerMedia(header: Header | undefined, path: string): Iterable<MediaReference> {
  if (header?.type === 'image') yield mediaReference('image', header.image, `${path}.image`);
  if (header?.type === 'video') yield mediaReference('video', header.video, `${path}.video`);
  if (header?.type === 'document') yield mediaReference('document', header.document, `${path}.document`);
}

/** The first value that stands twice in a list, told by the path of its second place. */
export function* repeatFaults(
  values: Iterable<readonly [path: string, value: string | number]>,
): Iterable<Fault> {
  const seen = new Set<string | number>();
  for (const [path, value] of values) {
    if (seen.has(value)) yield fault(path, 'must not repeat');
    seen.add(value);
  }
}
