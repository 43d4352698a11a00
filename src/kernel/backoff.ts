// Waiting longer after each failure, with jitter so that many who failed together do not return together.

export interface Backoff {
  firstMs: number;
  factor: number;
  maxMs: number;
}

/** The delay before try `n` + 1 when `n` tries (1 or more) have failed; `random` in [0, 1) spreads it by ±20 %. */
export function backoffMs(backoff: Backoff, n: number, random: number): number {
  const plain = Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** Math.max(0, n - 1));
  return Math.round(plain * (0.8 + 0.4 * random));
}
