// The graph dialect: Meta's own paths with a bearer token, which here is one of our keys.
import type { Dialect } from '../dialect.ts';
import { graphUnknownPath, renderGraphError } from '../graph-errors.ts';
import { deleteGraphMedia, getGraphMedia, postGraphMedia } from '../graph-media.ts';
import { postGraphMessage } from '../graph-messages.ts';

export const graph: Dialect = {
  name: 'graph',
  // Only versions of Meta's form: /v1/… and /webhooks/… belong to others.
  prefix: '/:version(^v\\d+\\.\\d+$)',
  endpoints: [postGraphMessage, postGraphMedia, getGraphMedia, deleteGraphMedia],
  credentials: (headers) => ({ authorization: headers.authorization }),
  renderError: renderGraphError,
  unknownPath: graphUnknownPath,
};
