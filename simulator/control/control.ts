// The verbs of the control API, for tests in the same process and, by control-routes.ts, for everyone else.
import type { Simulation } from '../simulation.ts';
import { listMessages, type MessageFilter, type MessageView } from './messages.ts';

export interface Control {
  messages(filter?: MessageFilter): MessageView[];
}

export function createControl(sim: Simulation): Control {
  return { messages: (filter = {}) => listMessages(sim, filter) };
}
