// Why a post has no answer, in one word for programs and in a sentence for people.
import { BlockedAddress, LookUpFailed } from './connect-guarded.ts';

export type PostFailure =
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'dns'
  | 'tls'
  | 'blocked address'
  /** What came was not HTTP. */
  | 'bad answer'
  /** Ours: a URL or a header that cannot be sent. */
  | 'bad request'
  /** Ours: the poster was closed meanwhile. */
  | 'stopped';

export function failureOf(error: unknown): { reason: PostFailure; detail: string } {
  if (error instanceof BlockedAddress) return { reason: 'blocked address', detail: error.message };
  if (error instanceof LookUpFailed) {
    const why = error.cause === undefined ? '' : ` (${codeOf(error.cause)})`;
    return { reason: 'dns', detail: error.message + why };
  }
  const code = codeOf(error);
  const known = KNOWN[code];
  if (known) return { reason: known[0], detail: `${known[1]} (${code})` };
  if (TLS.test(code)) return { reason: 'tls', detail: `no trusted TLS connection came about (${code})` };
  if (BAD_ANSWER.test(code)) return { reason: 'bad answer', detail: `the answer is not HTTP (${code})` };
  return { reason: 'unreachable', detail: `the connection failed (${code})` };
}

const RESET: [PostFailure, string] = ['reset', 'the connection was closed before the answer ended'];
const STOPPED: [PostFailure, string] = ['stopped', 'the gateway stopped'];
const NO_CONNECTION: [PostFailure, string] = ['timeout', 'no connection came about in time'];
const BAD_REQUEST: [PostFailure, string] = ['bad request', 'the URL or a header cannot be sent'];

const KNOWN: Partial<Record<string, [PostFailure, string]>> = {
  ECONNREFUSED: ['refused', 'the connection was refused'],
  ECONNRESET: RESET,
  ECONNABORTED: RESET,
  EPIPE: RESET,
  UND_ERR_SOCKET: RESET,
  ETIMEDOUT: NO_CONNECTION,
  UND_ERR_CONNECT_TIMEOUT: NO_CONNECTION,
  UND_ERR_INVALID_ARG: BAD_REQUEST,
  ERR_INVALID_URL: BAD_REQUEST,
  UND_ERR_DESTROYED: STOPPED,
  UND_ERR_CLOSED: STOPPED,
};

// As OpenSSL and Node name them.
const TLS =
  /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|ERROR_IN_C)/;

// The parser's, and what undici says of headers and lengths.
const BAD_ANSWER = /^(HPE_|HTTPParserError$|UND_ERR_)/;

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown fault';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
