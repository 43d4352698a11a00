// The first two layers of a send: the envelope and the kind's part by the Graph's schema, then WhatsApp's rules of the kind.
import { isObject, type JsonObject } from '../../src/kernel/json.ts';
import { findKind, knownTypes } from '../kinds/index.ts';
import { oneOf, string, type MediaUse } from '../kinds/shape.ts';
import { schemaFault } from './graph-error.ts';

export interface CheckedBody {
  type: string;
  /** `type`, or the interactive message's own type. */
  kind: string;
  media: MediaUse[];
  body: JsonObject;
  callbackData?: string;
}

const RECIPIENT_TYPES = oneOf('individual', 'group');
const CALLBACK_DATA = string(512);
const PRODUCT = oneOf('whatsapp');

export function checkEnvelope(body: JsonObject): void {
  const product = body['messaging_product'];
  if (product === undefined) throw schemaFault('The parameter messaging_product is required.');
  PRODUCT(product, 'messaging_product', []);
  if (body['recipient_type'] !== undefined) RECIPIENT_TYPES(body['recipient_type'], 'recipient_type', []);
}

/** What a send says, once its shape and rules are found right. */
export function checkBody(body: JsonObject): CheckedBody {
  const type = typeOf(body);
  const kind = type === 'interactive' ? interactiveType(body) : type;
  const rules = findKind(type, kind);
  if (!rules) throw unknownType(type, kind);
  const part = body[type];
  if (part === undefined || part === null) throw schemaFault(`The parameter ${type} is required.`);
  const media: MediaUse[] = [];
  rules.shape(part, type, media);
  checkContext(body);
  const callbackData = body['biz_opaque_callback_data'];
  if (callbackData !== undefined) CALLBACK_DATA(callbackData, 'biz_opaque_callback_data', []);
  rules.check?.(body);
  return { type, kind, media, body, ...(typeof callbackData === 'string' ? { callbackData } : {}) };
}

function typeOf(body: JsonObject): string {
  const type = body['type'] ?? 'text';
  if (typeof type !== 'string') throw schemaFault('Param type must be a string.');
  return type.toLowerCase();
}

function interactiveType(body: JsonObject): string {
  const interactive = body['interactive'];
  if (interactive === undefined || interactive === null)
    throw schemaFault('The parameter interactive is required.');
  if (!isObject(interactive)) throw schemaFault('Param interactive must be a JSON object.');
  const type = interactive['type'];
  if (type === undefined) throw schemaFault("The parameter interactive['type'] is required.");
  return typeof type === 'string' ? type.toLowerCase() : JSON.stringify(type);
}

function unknownType(type: string, kind: string): Error {
  const path = type === 'interactive' ? "interactive['type']" : 'type';
  return schemaFault(`Param ${path} must be one of {${knownTypes(type).join(', ')}} - got "${kind}".`);
}

// Direct Send is a beta that no account here is in.
function checkContext(body: JsonObject): void {
  const context = body['context'];
  if (context !== undefined) {
    if (!isObject(context)) throw schemaFault('Param context must be a JSON object.');
    if (typeof context['message_id'] !== 'string')
      throw schemaFault("The parameter context['message_id'] is required.");
  }
  if (body['ttl_seconds'] !== undefined && body['category'] === undefined) {
    throw schemaFault('The parameter category is required when ttl_seconds is set.');
  }
  if (body['category'] !== undefined && body['type'] !== 'template') {
    throw schemaFault('Direct Send is not enabled for this account.');
  }
}
