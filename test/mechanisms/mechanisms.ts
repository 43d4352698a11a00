// The mechanisms that the promises rest on, each with the test that misses it.
import { BORDERS } from './borders.ts';
import { DELIVERIES } from './deliveries.ts';
import { INBOUND } from './inbound.ts';
import { LANES } from './lanes.ts';
import { LIMITS } from './limits.ts';
import { MEDIA } from './media.ts';
import type { Mechanism } from './mechanism.ts';
import { OUTCOMES } from './outcomes.ts';
import { OWNERSHIP } from './ownership.ts';

export const MECHANISMS: readonly Mechanism[] = [
  ...OWNERSHIP,
  ...OUTCOMES,
  ...LANES,
  ...BORDERS,
  ...INBOUND,
  ...DELIVERIES,
  ...LIMITS,
  ...MEDIA,
];
