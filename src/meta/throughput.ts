// How many messages a second Meta lets a number send, as the number's node tells: by its level, or 20 where the number is used in the
// WhatsApp Business app as well (coexistence).
import { isObject, type JsonObject } from '../kernel/json.ts';

/** What to ask of a number. */
export const THROUGHPUT_FIELDS = 'throughput,is_on_biz_app';

const PER_SECOND: Record<string, number> = { STANDARD: 80, HIGH: 1_000 };
const COEXISTENCE_PER_SECOND = 20;

/** Undefined where Meta does not say: it may name levels that nobody knows yet. */
export function readThroughput(node: JsonObject): number | undefined {
  if (node['is_on_biz_app'] === true) return COEXISTENCE_PER_SECOND;
  const { throughput } = node;
  const level = isObject(throughput) ? throughput['level'] : undefined;
  return typeof level === 'string' ? PER_SECOND[level] : undefined;
}
