// A status pushed by hand, out of turn or against all reason: as Meta sometimes does.
import { Type, type Static } from 'typebox';
import { ControlRefusal } from '../control-refusal.ts';
import { tellStatus, type NewStatus } from '../life.ts';
import type { Simulation } from '../simulation.ts';
import type { Outbound } from '../world.ts';
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
  const { message, change } = statusFor(sim, asked);
  tellStatus(sim, message, change);
  return viewOf(sim, message);
}

/** The message that is meant, and what it is to be given. */
export function statusFor(
  sim: Simulation,
  { message: wamid, status, error }: StatusAsked,
): { message: Outbound; change: NewStatus } {
  const message = sim.world.messages.get(wamid);
  if (message?.direction !== 'outbound') {
    throw new ControlRefusal('not_found', `No message ${wamid} was sent by a business.`, {
      param: 'message',
    });
  }
  const code = error?.code ?? (status === 'failed' ? FAILED_DEFAULT : undefined);
  return { message, change: code === undefined ? { status } : { status, code } };
}
