// A status pushed by hand, out of turn or against all reason: as Meta sometimes does.
import { Type, type Static } from 'typebox';
import { ControlRefusal } from '../control-refusal.ts';
import { tellStatus } from '../life.ts';
import type { Simulation } from '../simulation.ts';
import { viewOf, type MessageView } from './message-view.ts';

export const StatusAsked = Type.Object(
  {
    message: Type.String({ description: 'The wamid.' }),
    status: Type.Union([
      Type.Literal('sent'),
      Type.Literal('delivered'),
      Type.Literal('read'),
      Type.Literal('played'),
      Type.Literal('failed'),
    ]),
    error: Type.Optional(Type.Object({ code: Type.Integer() }, { additionalProperties: false })),
  },
  { additionalProperties: false },
);
export type StatusAsked = Static<typeof StatusAsked>;

const FAILED_DEFAULT = 131_000;

export function pushStatus(sim: Simulation, asked: StatusAsked): MessageView {
  const message = sim.world.messages.get(asked.message);
  if (message?.direction !== 'outbound') {
    throw new ControlRefusal('not_found', `No message ${asked.message} was sent by a business.`, {
      param: 'message',
    });
  }
  const code = asked.error?.code ?? (asked.status === 'failed' ? FAILED_DEFAULT : undefined);
  tellStatus(sim, message, code === undefined ? { status: asked.status } : { status: asked.status, code });
  return viewOf(sim, message);
}
