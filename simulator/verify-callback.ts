// Meta's handshake: before a callback gets webhooks, a GET with a challenge that it must give back.
import { request } from 'undici';
import { digits } from './ids.ts';
import type { Callback } from './fact.ts';
import type { Simulation } from './simulation.ts';

export interface Verification {
  ok: boolean;
  url: string;
  /** HTTP status, when there was an answer. */
  status?: number;
  /** What was wrong, in the words of Meta's error 2200. */
  reason?: string;
}

const ANSWER_MAX_BYTES = 65_536;

/** Asks a callback to prove itself. */
export async function verifyCallback(sim: Simulation, callback: Callback): Promise<Verification> {
  const challenge = digits(10, sim.random);
  const url = new URL(callback.url);
  url.searchParams.set('hub.mode', 'subscribe');
  url.searchParams.set('hub.challenge', challenge);
  url.searchParams.set('hub.verify_token', callback.verifyToken);
  const timeout = sim.settings.webhookTimeoutMs;
  try {
    const { statusCode, body } = await request(url, {
      headers: { 'user-agent': 'facebookplatform/1.0 (+http://developers.facebook.com)', accept: '*/*' },
      headersTimeout: timeout,
      bodyTimeout: timeout,
    });
    const text = await firstText(body);
    if (statusCode !== 200) {
      return { ok: false, url: callback.url, status: statusCode, reason: `HTTP Status Code = ${statusCode}` };
    }
    if (text.trim() === challenge) return { ok: true, url: callback.url, status: statusCode };
    return { ok: false, url: callback.url, status: statusCode, reason: 'The challenge was not given back.' };
  } catch (error) {
    const timedOut = error instanceof Error && /timeout/i.test(error.message);
    return { ok: false, url: callback.url, reason: timedOut ? 'curl_errno = 28' : 'curl_errno = 7' };
  }
}

async function firstText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
