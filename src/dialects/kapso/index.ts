// The kapso dialect: Meta's shape below /meta/whatsapp/{version}, with X-API-Key or a bearer token.
import type { Dialect } from '../dialect.ts';
import { graphUnknownPath, renderGraphError } from '../graph-errors.ts';
import { deleteGraphMedia, getKapsoMedia, postGraphMedia } from '../graph-media.ts';
import { postGraphMessage } from '../graph-messages.ts';

export const kapso: Dialect = {
  name: 'kapso',
  prefix: '/meta/whatsapp/:version(^v\\d+\\.\\d+$)',
  endpoints: [postGraphMessage, postGraphMedia, getKapsoMedia, deleteGraphMedia],
  credentials: (headers) => ({ authorization: headers.authorization, apiKey: headers['x-api-key'] }),
  renderError: renderGraphError,
  unknownPath: graphUnknownPath,
};
