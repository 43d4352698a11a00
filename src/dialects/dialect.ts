// What a dialect is: its paths, its endpoints, how it reads credentials and how it says no. An endpoint is one object in one file;
// everything that all of them need (authentication, budget, headers, the rendering of errors) is done once, where they are mounted.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

import type { Context } from '../context.ts';
import type { Teller } from '../events/teller.ts';
import { KurirError } from '../kernel/errors.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { MediaFiles } from '../media/media-files.ts';
import type { Uploads } from '../media/uploads.ts';
import type { ReadMarker } from '../messages/mark-read.ts';
import type { Sender } from '../messages/send-message.ts';
import type { MetaClient } from '../meta/client.ts';
import type { Caller, Credentials } from '../organisations/authenticate.ts';
import type { NumberDirectory } from '../organisations/number-directory.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';
import type { Listening } from '../webhooks/listening.ts';
import type { Subscriptions } from '../webhooks/subscriptions.ts';

/** The verbs that endpoints may call. */
export interface Rooms {
  ctx: Context;
  numbers: NumberDirectory;
  sender: Sender;
  readMarker: ReadMarker;
  meta: MetaClient;
  /** `isFull`: there is no room for the bytes of another file. */
  media: { files: MediaFiles; uploads: Uploads; isFull: () => boolean };
  lanes: Lanes;
  teller: Teller;
  webhooks: Subscriptions;
  deliveries: Deliveries;
  listening: Listening;
}

/** One authenticated request. */
export interface Call {
  rooms: Rooms;
  caller: Caller;
  method: string;
  path: string;
  params: Record<string, string>;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  body: Json | undefined;
  /** The bytes of the body, as they come, where the endpoint takes a form. */
  form: Readable | undefined;
  requestId: string;
  /** Whether nobody is there any more to be answered. */
  isGone: () => boolean;
  budget: { take(): void; giveBack(): void };
}

export interface Answer {
  status: number;
  body: object;
  headers?: Record<string, string>;
}

export interface Endpoint {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  /** One line for people: what it does. */
  summary: string;
  /** Who takes from the budget: `mount` before the endpoint runs, or the endpoint itself (a send: a replay costs nothing). */
  budget: 'mount' | 'endpoint';
  /** A form (multipart/form-data), read by the endpoint itself; JSON otherwise. */
  body?: 'form';
  handle(call: Call): Promise<Answer>;
}

export interface Dialect {
  name: string;
  prefix: string;
  endpoints: readonly Endpoint[];
  credentials(headers: IncomingHttpHeaders): Credentials;
  renderError(error: KurirError, about: { requestId: string; method: string; path: string }): Answer;
  /** What is answered for a path or method that the dialect does not have; `methods` are those that it has at this path. */
  unknownPath(about: { requestId: string; method: string; path: string; methods: readonly string[] }): Answer;
}

/** The body as an object; throws `invalid_request` for anything else. */
export function requireObject(call: Call): JsonObject {
  if (isObject(call.body)) return call.body;
  throw new KurirError('invalid_request', 'The body must be a JSON object, sent as application/json.');
}

/** The number in the path, if it is the caller's; throws `resource_not_found`. */
export async function requireNumber(call: Call): Promise<BusinessNumber> {
  const phoneNumberId = call.params['phone_number_id'] ?? '';
  const { numbers } = call.rooms;
  const { organisationId } = call.caller;
  const known =
    numbers.knownNumber(organisationId, phoneNumberId) ??
    (/^\d{6,20}$/.test(phoneNumberId) ? await numbers.findNumber(organisationId, phoneNumberId) : undefined);
  if (!known)
    throw new KurirError(
      'resource_not_found',
      'There is no number with this phone_number_id in your organisation.',
      { param: 'phone_number_id' },
    );
  return known;
}
