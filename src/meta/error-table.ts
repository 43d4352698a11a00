// Every error code of Meta's that is known, one line each: what it is called, what the dispatcher does, what the message
// then says. To add a code, add a line; judgeMetaError, the documents and the explanations read the same table.
//
// never       rejected for good. Also what heals only in hours: a message that waits holds up its whole conversation.
// later       heals by itself in seconds or minutes: again, with backoff.
// laterIf5xx  Meta's "unknown error": believed to pass only when the HTTP status says so too, else for good.
// slower      a rate limit: again, and the lane goes slower. 131048 (spam) heals late, but every message would meet it, so
//             the lane must brake rather than burn what is queued.
// number      the number or its token is of no use until a person acts; the message is not to blame.
// unknown     not to be trusted as a no.
import type { FailureCode } from '../kernel/errors.ts';

export type MetaAction = 'never' | 'later' | 'slower' | 'number' | 'unknown';

export interface MetaError {
  title: string;
  action: MetaAction | 'later if 5xx';
  failure: FailureCode;
}

export interface MetaErrorRange extends MetaError {
  from: number;
  to: number;
}

export interface MetaVerdict {
  action: MetaAction;
  failure: FailureCode;
  title: string;
}

export const META_ERRORS: Readonly<Record<number, MetaError>> = {
  0: number('AuthException'),
  1: laterIf5xx('API Unknown'),
  2: later('API Service'),
  3: never('API Method'),
  4: slower('API Too Many Calls'),
  10: number('Permission Denied'),
  17: slower('User request limit reached'),
  33: never('Parameter value is not valid'),
  100: never('Invalid parameter'),
  104: number('An access token is required to request this resource'),
  190: number('Access token has expired'),
  368: number('Temporarily blocked for policies violations'),
  613: slower('Calls to this api have exceeded the rate limit'),
  803: never('Some of the aliases you requested do not exist'),
  1006: never('Unknown contact', 'recipient_not_on_whatsapp'),
  1013: never('User is not valid', 'recipient_blocked'),
  2200: never('Callback verification failed'),
  36008: never('Redirect address or code mismatch'),
  80007: slower('Rate limit issues'),
  130429: slower('Rate limit hit'),
  130472: never("User's number is part of an experiment"),
  130497: never('Business account is restricted from messaging users in this country'),
  130501: never('Unsupported message type'),
  131000: laterIf5xx('Something went wrong'),
  131005: number('Access denied'),
  131008: never('Required parameter is missing'),
  131009: never('Parameter value is not valid'),
  131016: later('Service unavailable'),
  131020: never('Bad Group'),
  131021: never('Recipient cannot be sender'),
  131026: never('Message undeliverable', 'recipient_not_on_whatsapp'),
  131030: never('Recipient phone number not in allowed list'),
  131031: number('Business Account locked'),
  131037: number('WhatsApp provided number needs display name approval before message can be sent'),
  131041: never('Group unknown'),
  131042: number('Business eligibility payment issue'),
  131044: never('Business eligibility payment issue'),
  131045: number('Incorrect certificate'),
  131047: never('Re-engagement message', 'outside_24h_window'),
  131048: slower('Spam rate limit hit'),
  131049: never('This message was not delivered to maintain healthy ecosystem engagement'),
  131050: never('User has stopped receipt of marketing messages from this business', 'recipient_blocked'),
  131051: never('Unsupported message type'),
  131052: never('Media download error', 'media_download_failed'),
  131053: never('Media upload error', 'media_download_failed'),
  131055: never('Method not allowed'),
  131056: slower('(Business Account, Consumer Account) pair rate limit hit'),
  131057: later('Account in maintenance mode'),
  131058: never('Hello World templates can only be sent from the Public Test Numbers'),
  131059: never('Invalid cursor'),
  131060: never('Unsupported companion device'),
  131062: never('Business-scoped User ID (BSUID) recipients are not supported for this message'),
  131063: never('Marketing templates disabled for Cloud API'),
  131064: never('Message failed: messaging limit reached due to template classification violations'),
  131201: unknown('Request partially succeeded'),
  131202: never('Duplicate participant'),
  131203: never('Recipient has not accepted our new Terms of Service and Privacy Policy'),
  131204: never('Participant overlimit'),
  131207: never('Group suspended'),
  131208: later('Group Rate Limit Hit'),
  131209: never('Invalid Group Profile Picture Aspect Ratio'),
  131210: never('Image is Too Small to Process'),
  131211: never('Group create limit reached'),
  131212: never('Participant is not a part of the group'),
  131213: never('Group join request does not exist'),
  131214: never('Group creation is temporarily disabled'),
  131215: never('This phone number is not eligible to access Groups APIs'),
  132000: never(
    'Number of parameters does not match the expected number of params',
    'template_param_count_mismatch',
  ),
  132001: never('Template name does not exist in the translation', 'template_param_format_mismatch'),
  132005: never('Translated text too long', 'template_param_format_mismatch'),
  132007: never('Template Format Character Policy Violated', 'template_param_format_mismatch'),
  132008: never('Template parameter value invalid', 'template_param_format_mismatch'),
  132012: never(
    'Parameter format does not match format in the created template',
    'template_param_format_mismatch',
  ),
  132015: never('Template is Paused', 'template_paused'),
  132016: never('Template is Disabled', 'template_disabled'),
  132018: never('Template parameter issue', 'template_param_format_mismatch'),
  132068: never('Flow is blocked'),
  132069: later('Flow is throttled'),
  133000: later('Incomplete Deregistration'),
  133004: later('Server Temporarily Unavailable'),
  133005: never('Two step verification PIN Mismatch'),
  133006: number('Phone number re-verification needed'),
  133008: never('Too Many two step verification PIN Guesses'),
  133009: never('Two step verification PIN Guessed Too Fast'),
  133010: number('Account not registered'),
  133015: later('Please wait a few minutes before attempting to register this phone number'),
  133016: never('Account register deregister rate limit exceeded'),
  134011: never('WhatsApp Payments terms of service has not been accepted'),
  134100: never('Only marketing messages supported'),
  134101: later('Your template is still syncing'),
  134102: never('Template unavailable for use'),
  135000: never('Generic user error'),
  137000: never('Recipient identity key hash mismatch'),
  138000: never('Calling not enabled'),
  138001: never('Receiver Uncallable'),
  138002: later('Concurrent Calls limit'),
  138003: never('Duplicate call'),
  138004: later('Connection error'),
  138005: later('Call rate limit exceeded'),
  138006: never('No approved call permission found'),
  138007: later('Connect Timeout error'),
  138009: never('Call Permission Request Limit Hit'),
  138012: never('Business Initiated Calls Limit Hit'),
  138013: never('Business-initiated calling is not available'),
  138014: never('Calling is temporarily disabled'),
  138015: never('Calling cannot be enabled'),
  138017: never('Permanent permission already exists'),
  138018: never('Calling cannot be enabled: technical prerequisites'),
  138019: later('Call setup failed'),
  138020: later('Relay connection failed'),
  138021: later('Media receive timeout'),
  138022: later('Media transmit timeout'),
  138023: later('Call accepted but terminated with no media signals'),
  139000: never('Blocked By Integrity'),
  139001: never("Flow can't be updated"),
  139002: never('Publishing Flow in invalid state'),
  139003: never("Can't deprecate unpublished flow"),
  139004: never("Can't delete published Flow"),
  139006: never('Metrics threshold is not reached'),
  139100: never('Failed to block/unblock users'),
  139101: never('Blocklist limit reached'),
  139102: later('Blocklist concurrent update'),
  139103: later('Internal error'),
  139200: never('Direct Send access blocked'),
  147001: never('Username unavailable'),
  147002: never('Account not eligible to claim a username'),
  147003: never('Facebook account not linked'),
  147004: never('Instagram account not linked'),
  200005: never('Template insights unavailable'),
  200006: never('Template insights unavailable'),
  200007: never('Template insights unavailable'),
  1752041: never('Duplicate Request'),
  2388001: never('Confirm ownership / disable two-step'),
  2388012: never('Number already in your list'),
  2388019: never('Message Template Limit Exceeded'),
  2388040: never('Character limit exceeded'),
  2388047: never('Message header format is incorrect'),
  2388060: never('Button format is incorrect'),
  2388072: never('Message body format is incorrect'),
  2388073: never('Message footer format is incorrect'),
  2388091: never('Not eligible to receive a registration code'),
  2388093: never('Not eligible to receive a registration code'),
  2388103: never('Cannot migrate phone number'),
  2388293: never('Parameters words ratio exceeds limit'),
  2388299: never('Leading or trailing parameters not allowed'),
  2388318: never('Direct Send template cannot be changed'),
  2388330: never('Direct Send template cannot be changed'),
  2494100: later('Account is in maintenance mode'),
  2593002: never('Message Template Not Found'),
  2593079: never('Template insights / WABA not eligible'),
  2593085: never('Template insights / WABA not eligible'),
  2593107: never('Synchronization Request limit exceeded'),
  2593108: never('Synchronization Request made outside of allowed time window'),
  2593109: never('History sync is turned off by the business from the WhatsApp Business App'),
};

/** Codes that Meta gives out in blocks. */
export const META_ERROR_RANGES: readonly MetaErrorRange[] = [
  { from: 200, to: 299, ...number('API Permission') },
  { from: 2_494_164, to: 2_494_179, ...never('Embedded Signup error') },
];

/** What an error of Meta's means for the message. A code that nobody knows is a no with 4xx, and may pass with 5xx. */
export function judgeMetaError(code: number, httpStatus: number): MetaVerdict {
  const known =
    META_ERRORS[code] ?? META_ERROR_RANGES.find((range) => code >= range.from && code <= range.to);
  if (!known)
    return { action: unknownCode(httpStatus), failure: 'whatsapp_error', title: `Meta’s error ${code}` };
  const { action, failure, title } = known;
  if (action !== 'later if 5xx') return { action, failure, title };
  return { action: httpStatus >= 500 ? 'later' : 'never', failure, title };
}

function unknownCode(httpStatus: number): MetaAction {
  if (httpStatus >= 500) return 'later';
  return httpStatus >= 400 ? 'never' : 'unknown';
}

function never(title: string, failure: FailureCode = 'whatsapp_error'): MetaError {
  return { title, action: 'never', failure };
}

function later(title: string): MetaError {
  return { title, action: 'later', failure: 'whatsapp_error' };
}

function laterIf5xx(title: string): MetaError {
  return { title, action: 'later if 5xx', failure: 'whatsapp_error' };
}

function slower(title: string): MetaError {
  return { title, action: 'slower', failure: 'whatsapp_error' };
}

function number(title: string): MetaError {
  return { title, action: 'number', failure: 'whatsapp_error' };
}

function unknown(title: string): MetaError {
  return { title, action: 'unknown', failure: 'whatsapp_error' };
}
