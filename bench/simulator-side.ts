// The real simulator as a process of the bench, where its own ledger is asked: it keeps Meta's limits of pace and tells the statuses.
import { startSimulator } from '../simulator/simulator.ts';
import { answerParent, processInput } from './processes.ts';
import { APP_SECRET, GRAPH_TOKEN, numberAt, VERIFY_TOKEN, WABA_ID } from './setting.ts';

export interface SimulatorInput {
  numbers: number;
}

const { numbers } = processInput() as SimulatorInput;
const simulator = await startSimulator({
  appSecret: APP_SECRET,
  verifyToken: VERIFY_TOKEN,
  tokens: [GRAPH_TOKEN],
  wabaId: WABA_ID,
  numbers: Array.from({ length: numbers }, (_, i) => {
    const { phoneNumberId, phone } = numberAt(i);
    return { phoneNumberId, displayPhoneNumber: `+${phone}`, verifiedName: 'Bench' };
  }),
  // Its customers have not written to it.
  windowEnforced: false,
  keepMessages: 10_000,
  keepJournal: 1_000,
});
answerParent({ url: simulator.url }, {}, () => simulator.close());
