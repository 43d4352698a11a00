// From the body of a send to the one outbound message that the rest of the house knows: Meta's own shape, checked against
// Meta's limits, its recipient understood. Whatever comes in, what is thrown is a KurirError that names the field.
import { Type, type TProperties, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { KurirError } from '../kernel/errors.ts';
import { isObject, type Json, type JsonObject } from '../kernel/json.ts';
import { phoneDigits } from '../kernel/phone-number.ts';
import { fault, missing, type Fault, type Fields } from './kinds/fault.ts';
import { firstFault, type PlainSchema } from './kinds/first-fault.ts';
import { isKindName, KIND_NAMES, KINDS, type KindName } from './kinds/index.ts';
import { characters, exactly, type Kind, type MessageType } from './kinds/kind.ts';
import { openSchema } from './kinds/open-schema.ts';

export interface OutboundMessage {
  kind: KindName;
  type: MessageType;
  recipientType: 'individual' | 'group';
  /** The recipient exactly as the caller wrote it: `to`, else `recipient`. */
  to: string;
  /** The conversation's key: the digits of a phone number, a business-scoped user id, or a group id. */
  conversation: string;
  /** The application's own `biz_opaque_callback_data`. */
  callbackData?: string;
  /** Needs an open 24-hour window: every kind but templates. */
  freeForm: boolean;
  /** What is to be said to Meta, without `biz_opaque_callback_data`; a phone number as `+` and digits. */
  body: JsonObject;
}

/** Checks a body and says what it means; throws the first fault as `missing_required_field`, `invalid_field_value` or `invalid_phone_number`. */
export function parseOutbound(given: JsonObject, fields: Fields): OutboundMessage {
  const { kind, type, body } = spelled(given, fields);
  refuseFault(bodyFault(kind, body, fields));
  const recipient = recipientOf(body);
  refuseFault(KINDS[kind].checkContent(body[type] ?? null, fields));
  if (fields === 'open') refuseFault(directSendFault(body));
  const { biz_opaque_callback_data: callbackData, ...said } = body;
  if (recipient.phone !== null) said['to'] = `+${recipient.phone}`;
  return {
    kind,
    type,
    recipientType: body['recipient_type'] === 'group' ? 'group' : 'individual',
    to: recipient.to,
    conversation: recipient.conversation,
    ...(typeof callbackData === 'string' ? { callbackData } : {}),
    freeForm: type !== 'template',
    body: said,
  };
}

/** The body with its kind found and its spellings made one: type in lower case, aliases replaced. */
function spelled(given: JsonObject, fields: Fields): { kind: KindName; type: MessageType; body: JsonObject } {
  const type = typeOf(given['type'], fields);
  const content = given[type];
  const kind = type === 'interactive' ? interactiveKind(content, fields) : type;
  if (!isObject(content)) return { kind, type, body: given['type'] === type ? given : { ...given, type } };
  const named = type === 'interactive' ? { ...content, type: kind.slice(INTERACTIVE.length) } : content;
  const canonical = KINDS[kind].canonical(named, fields);
  if (canonical === content && given['type'] === type) return { kind, type, body: given };
  return { kind, type, body: { ...given, type, [type]: canonical } };
}

const INTERACTIVE = 'interactive.';
const MESSAGE_TYPES = [...new Set(KIND_NAMES.map((name) => KINDS[name].type))];
const INTERACTIVE_TYPES = KIND_NAMES.filter((name) => name.startsWith(INTERACTIVE)).map((name) =>
  name.slice(INTERACTIVE.length),
);

function typeOf(given: Json | undefined, fields: Fields): MessageType {
  if (given === undefined && fields === 'open') return 'text';
  if (given === undefined) throw refusal(missing('type'));
  if (typeof given !== 'string') throw refusal(fault('type', 'must be a string'));
  const name = fields === 'open' ? given.toLowerCase() : given;
  const type = MESSAGE_TYPES.find((one) => one === name);
  if (type === undefined) throw refusal(fault('type', `must be one of ${MESSAGE_TYPES.join(', ')}`));
  return type;
}

function interactiveKind(content: Json | undefined, fields: Fields): KindName {
  if (content === undefined) throw refusal(missing('interactive'));
  if (!isObject(content)) throw refusal(fault('interactive', 'must be an object'));
  const given = content['type'];
  if (given === undefined) throw refusal(missing('interactive.type'));
  if (typeof given !== 'string') throw refusal(fault('interactive.type', 'must be a string'));
  // One dialect calls Meta's `button` by another name.
  const name = INTERACTIVE + (fields === 'closed' && given === 'reply_buttons' ? 'button' : given);
  if (isKindName(name)) return name;
  throw refusal(fault('interactive.type', `must be one of ${INTERACTIVE_TYPES.join(', ')}`));
}

const context = Type.Optional(
  exactly(
    { message_id: characters(1, Infinity, 'The wamid of the message that is replied to.') },
    'Quotes an earlier message.',
  ),
);
const callbackData = Type.Optional(characters(0, 512, 'Comes back with every status of this message.'));
const recipientType = Type.Optional(Type.Union([Type.Literal('individual'), Type.Literal('group')]));
const recipient = Type.Optional(
  Type.String({
    pattern: '^[A-Z]{2}\\.(ENT\\.)?[A-Za-z0-9]{1,128}$',
    'x-expected': 'a business-scoped user id such as "US.13491208655302741918"',
    description: 'A business-scoped user id, where the phone number is not known.',
  }),
);

const envelopes = {
  closed: {
    messaging_product: Type.Literal('whatsapp'),
    recipient_type: recipientType,
    to: Type.Optional(Type.String({ description: 'A phone number with its country code, or a group id.' })),
    recipient,
    context,
    biz_opaque_callback_data: callbackData,
  },
  open: {
    messaging_product: Type.String({
      pattern: '^[Ww][Hh][Aa][Tt][Ss][Aa][Pp][Pp]$',
      'x-expected': '"whatsapp"',
    }),
    recipient_type: recipientType,
    to: Type.Optional(Type.Union([Type.String(), Type.Integer()])),
    recipient,
    context,
    biz_opaque_callback_data: callbackData,
    recipient_identity_key_hash: Type.Optional(Type.String()),
    category: Type.Optional(Type.Union([Type.Literal('utility'), Type.Literal('authentication')])),
    ttl_seconds: Type.Optional(Type.Integer()),
    message_activity_sharing: Type.Optional(Type.Boolean()),
    product_policy: Type.Optional(Type.String()),
  },
} as const satisfies Record<Fields, TProperties>;

/** The schema of a whole body of one kind. */
export function bodySchema(kind: KindName, fields: Fields): TSchema {
  const { type, schema }: Kind = KINDS[kind];
  const whole = exactly({ ...envelopes[fields], type: Type.Literal(type), [type]: schema });
  return fields === 'closed' ? whole : openSchema(whole);
}

interface BodyValidator {
  schema: PlainSchema;
  accepts: (body: JsonObject) => boolean;
}

// Compiled when a kind is first used.
const validators = new Map<string, BodyValidator>();

function bodyFault(kind: KindName, body: JsonObject, fields: Fields): Fault | null {
  const name = `${fields} ${kind}`;
  const validator = validators.get(name) ?? compiled(kind, fields);
  validators.set(name, validator);
  if (validator.accepts(body)) return null;
  return firstFault(validator.schema, body, '') ?? fault(KINDS[kind].type, 'is not of the expected form');
}

function compiled(kind: KindName, fields: Fields): BodyValidator {
  const schema = bodySchema(kind, fields);
  const validator = Compile(schema);
  return { schema, accepts: (body) => validator.Check(body) };
}

interface Recipient {
  to: string;
  conversation: string;
  /** Digits; null for a group or a business-scoped user id. */
  phone: string | null;
}

function recipientOf(body: JsonObject): Recipient {
  const { to: given, recipient: userId } = body;
  const to = typeof given === 'number' ? String(given) : given;
  if (body['recipient_type'] === 'group') return group(to);
  if (typeof to === 'string') {
    const phone = digitsOf(to);
    if (phone !== null) return { to, conversation: phone, phone };
    throw new KurirError('invalid_phone_number', phoneProblem(to), { param: 'to' });
  }
  if (typeof userId !== 'string') throw refusal(missing('to'));
  return { to: userId, conversation: userId, phone: null };
}

// Reading a phone number costs more than all other checks of a text together, and most recipients come again.
const digitsByText = new Map<string, string>();
const DIGITS_KEPT = 10_000;

function digitsOf(to: string): string | null {
  const known = digitsByText.get(to);
  if (known !== undefined) return known;
  const digits = phoneDigits(to);
  if (digitsByText.size >= DIGITS_KEPT) digitsByText.clear();
  if (digits !== null) digitsByText.set(to, digits);
  return digits;
}

const GROUP_ID_MAX = 256;

function group(to: Json | undefined): Recipient {
  if (typeof to !== 'string') throw refusal(missing('to'));
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (to === '' || to.length > GROUP_ID_MAX || /[\u0000-\u001f\u007f]/.test(to)) {
    throw refusal(fault('to', `must be a group id of 1 to ${GROUP_ID_MAX} characters`));
  }
  return { to, conversation: to, phone: null };
}

function phoneProblem(to: string): string {
  const advice = /^[A-Z]{2}\.[A-Za-z0-9.]+$/.test(to)
    ? ' A business-scoped user id goes into recipient.'
    : '';
  return `to must be a phone number with its country code, such as +628111222333.${advice}`;
}

const DIRECT_SEND_TTL = { utility: [30, 43_200], authentication: [30, 900] } as const;

// Meta's Direct Send: a message to someone who has not written, without a template.
function directSendFault(body: JsonObject): Fault | null {
  const { category, ttl_seconds: ttl } = body;
  if (ttl !== undefined && category === undefined)
    return missing('category', 'is required where ttl_seconds is given');
  if (category !== 'utility' && category !== 'authentication') return null;
  if (body['type'] === 'template') return fault('category', 'is for messages without a template');
  const [least, most] = DIRECT_SEND_TTL[category];
  const inside = typeof ttl !== 'number' || (ttl >= least && ttl <= most);
  return inside ? null : fault('ttl_seconds', `must be from ${least} to ${most} for ${category} messages`);
}

function refuseFault(found: Fault | null): void {
  if (found) throw refusal(found);
}

function refusal({ path, problem, missing: absent }: Fault): KurirError {
  return new KurirError(absent ? 'missing_required_field' : 'invalid_field_value', `${path} ${problem}.`, {
    param: path,
  });
}
