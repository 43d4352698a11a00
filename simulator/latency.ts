// A time that is always the same, or spread evenly between that and more.
import type { Settings } from './settings.ts';
import type { Simulation } from './simulation.ts';

export interface Latency {
  ms: number;
  spread_ms?: number | undefined;
}

/** As the settings say. */
export function usualLatency({ latencyMs, latencySpreadMs }: Settings): Latency {
  return { ms: latencyMs, spread_ms: latencySpreadMs };
}

export function spread({ random }: Pick<Simulation, 'random'>, { ms, spread_ms: more = 0 }: Latency): number {
  return more === 0 ? ms : ms + random() * more;
}
