// A media object: exactly one of `id` (uploaded to Meta) and `link` (Meta fetches it). Shared by the media kinds, by
// headers and by template parameters.
import { Type } from 'typebox';
import { fault, missing, type Fault, type Fields } from './fault.ts';
import { characters, exactly, type MediaReference } from './kind.ts';

export interface MediaObject {
  id?: string;
  link?: string;
}

export const mediaSource = {
  id: Type.Optional(
    characters(1, Infinity, 'Meta’s id of an uploaded file. Exactly one of `id` and `link`.'),
  ),
  link: Type.Optional(
    characters(
      1,
      Infinity,
      'An https address from which Meta can fetch the file. Exactly one of `id` and `link`.',
    ),
  ),
};

export const caption = Type.Optional(characters(0, 1024, 'Shown below the media.'));
export const filename = Type.Optional(
  characters(1, Infinity, 'The name the recipient sees; its ending tells the kind of file.'),
);

export const mediaObject = exactly(mediaSource);
export const documentObject = exactly({ ...mediaSource, filename });

export function* mediaFaults(media: MediaObject, path: string, fields: Fields): Iterable<Fault> {
  if (media.id === undefined && media.link === undefined)
    yield missing(path, 'needs one of id and link, found neither');
  if (media.id !== undefined && media.link !== undefined)
    yield fault(path, 'must have exactly one of id and link, found both');
  if (media.link !== undefined) yield* linkFaults(media.link, `${path}.link`, fields);
}

/** Kirim takes https alone; Meta fetches from http as well, so the open dialects may say so. */
export function* linkFaults(link: string, path: string, fields: Fields): Iterable<Fault> {
  const form = fields === 'closed' ? /^https:\/\/[^\s/]\S*$/iu : /^https?:\/\/[^\s/]\S*$/iu;
  const scheme = fields === 'closed' ? 'https://' : 'https:// or http://';
  if (!form.test(link) || !URL.canParse(link))
    yield fault(path, `must be a whole address that begins with ${scheme}`);
}

export function mediaReference(
  type: MediaReference['type'],
  media: MediaObject,
  path: string,
): MediaReference {
  return {
    type,
    path,
    ...(media.id === undefined ? {} : { id: media.id }),
    ...(media.link === undefined ? {} : { link: media.link }),
  };
}
