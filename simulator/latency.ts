// A time that is always the same, or spread evenly between that and more.
import type { Random } from '../src/kernel/random.ts';
import type { Settings } from './settings.ts';

export interface Latency {
  ms: number;
  spread_ms?: number | undefined;
}

/** As the settings say. */
export function usualLatency({ latencyMs, latencySpreadMs }: Settings): Latency {
  return { ms: latencyMs, spread_ms: latencySpreadMs };
}

export function spread(random: Random, { ms, spread_ms: more = 0 }: Latency): number {
  return more === 0 ? ms : ms + random() * more;
}
