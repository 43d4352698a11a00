// What the simulator knows of one message kind: the shape of its part of the body, and WhatsApp's rules beyond the shape.
// Written from Meta's pages alone; the gateway has its own idea, and the two must not share a mistake.
import type { JsonObject } from '../../src/kernel/json.ts';
import type { Shape } from './shape.ts';

export interface Kind {
  shape: Shape;
  /** Throws the refusal of WhatsApp's own layer. */
  check?: (body: JsonObject) => void;
}
