// The media that a message names by an id: what Meta is told is an id that lives, whatever the caller wrote.
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { Uploads } from '../media/uploads.ts';
import { KINDS } from '../meta/kinds/index.ts';
import type { OutboundMessage } from '../meta/outbound.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';

interface Named {
  id: string;
  path: string;
}

/** Where a message names media by their ids. */
export function mediaNamedIn({ kind, type, body }: OutboundMessage): Named[] {
  const content = body[type];
  if (content === undefined) return [];
  return KINDS[kind].mediaIn(content).flatMap(({ id, path }) => (id === undefined ? [] : [{ id, path }]));
}

export async function withLivingMedia(
  uploads: Uploads,
  number: BusinessNumber,
  { message, named }: { message: OutboundMessage; named: readonly Named[] },
): Promise<OutboundMessage> {
  let { body } = message;
  for (const one of named) {
    const id = await uploads.livingId(number, one);
    if (id !== one.id) body = withId(body, one.path, id);
  }
  return { ...message, body };
}

/** @param path of the media object, such as `interactive.header.image` or `template.components[0].parameters[1].video` */
function withId(body: JsonObject, path: string, id: string): JsonObject {
  const copy = structuredClone(body);
  let at: Json | undefined = copy;
  for (const step of path.match(/[^.[\]]+/g) ?? [])
    at = Array.isArray(at) ? at[Number(step)] : isObject(at) ? at[step] : undefined;
  if (!isObject(at)) throw new Error(`There is no media object at ${path}.`);
  at['id'] = id;
  return copy;
}
