// Asks Meta whether a token may use a number, and whether the number is of the WABA that was named.
import type { Config } from '../config/config.ts';
import { systemClock } from '../kernel/clock.ts';
import { isObject, type Json } from '../kernel/json.ts';
import { createMetaClient, type GraphAnswer, type MetaClient } from '../meta/client.ts';
import { readThroughput, THROUGHPUT_FIELDS } from '../meta/throughput.ts';
import type { CheckNumber, NumberCheck } from '../organisations/numbers.ts';

const PAGES_MAX = 50;

export function checkNumber(config: Config): CheckNumber {
  return async (asked) => {
    const meta = createMetaClient({
      graphUrl: config.graphUrl,
      connections: 1,
      timeoutMs: config.times.callTimeoutMs,
      clock: systemClock,
    });
    try {
      return await check(meta, asked);
    } finally {
      await meta.close();
    }
  };
}

type Asked = Parameters<CheckNumber>[0];

async function check(meta: MetaClient, asked: Asked): Promise<NumberCheck> {
  const { phoneNumberId, token: accessToken } = asked;
  const answer = await meta.call({
    method: 'GET',
    accessToken,
    path: `${phoneNumberId}?fields=id,display_phone_number,verified_name,${THROUGHPUT_FIELDS}`,
  });
  if (answer.kind !== 'answered') return said(answer);
  const display = answer.body['display_phone_number'];
  if (typeof display !== 'string')
    return { kind: 'refused', reason: 'it is no phone number id (is it the id of something else?)' };
  const membership = await checkMembership(meta, asked);
  if (membership) return membership;
  const name = answer.body['verified_name'];
  return {
    kind: 'found',
    phone: display.replace(/\D/g, ''),
    displayPhoneNumber: display,
    verifiedName: typeof name === 'string' ? name : null,
    throughput: readThroughput(answer.body),
  };
}

// Page by page: a WABA may have more numbers than one answer holds.
async function checkMembership(
  meta: MetaClient,
  { phoneNumberId, wabaId, token }: Asked,
): Promise<NumberCheck | undefined> {
  let after = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await meta.call({
      method: 'GET',
      accessToken: token,
      path: `${wabaId}/phone_numbers?fields=id&limit=100${after}`,
    });
    if (answer.kind !== 'answered') return said(answer);
    const { data, paging } = answer.body;
    if (Array.isArray(data) && data.some((one) => isObject(one) && one['id'] === phoneNumberId))
      return undefined;
    const cursor = nextCursor(paging);
    if (cursor === undefined) break;
    after = `&after=${encodeURIComponent(cursor)}`;
  }
  return { kind: 'refused', reason: `the number is not of the WABA ${wabaId}` };
}

function nextCursor(paging: Json | undefined): string | undefined {
  if (!isObject(paging) || typeof paging['next'] !== 'string') return undefined;
  const cursors = paging['cursors'];
  return isObject(cursors) && typeof cursors['after'] === 'string' ? cursors['after'] : undefined;
}

function said(answer: Exclude<GraphAnswer, { kind: 'answered' }>): NumberCheck {
  if (answer.kind === 'failed') return { kind: 'unreachable', reason: answer.reason };
  const { code, title, details } = answer.error;
  return { kind: 'refused', reason: `${details ?? title} (Meta's code ${code})` };
}
