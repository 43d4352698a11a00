// Kills and stops, each at its moment of the sends, one after the other; and how long it took until sends were answered again.
import { setTimeout as pause } from 'node:timers/promises';

import type { CrashHouse } from './crash-house.ts';
import type { Load } from './load.ts';
import type { Calamity } from './plan.ts';

export interface Recovery {
  kind: Calamity['kind'];
  /** Until the process takes requests or connections again. */
  startedMs: number;
  /** Until, after that, a send was answered. */
  answeredMs: number;
}

export interface Causing {
  house: CrashHouse;
  load: Load;
  calamities: readonly Calamity[];
  say: (line: string) => void;
}

export async function causeAll({ house, load, calamities, say }: Causing): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  for (const calamity of calamities) {
    await load.reached(calamity.after);
    await pause(calamity.afterMs);
    const at = performance.now();
    const answers = load.answered();
    await cause(house, calamity);
    const startedMs = performance.now() - at;
    await load.nextAnswer();
    const recovery = { kind: calamity.kind, startedMs, answeredMs: performance.now() - at };
    recoveries.push(recovery);
    say(`${calamity.kind} after ${answers} answers: back after ${Math.round(startedMs)} ms`);
  }
  return recoveries;
}

async function cause(house: CrashHouse, calamity: Calamity): Promise<void> {
  switch (calamity.kind) {
    case 'kill postgres':
      return house.postgres.kill();
    case 'hold webhooks':
      return holdWebhooks(house, calamity);
    case 'kill node':
    case 'stop node':
      return downAndUp(house, calamity);
  }
}

async function downAndUp(
  house: CrashHouse,
  calamity: Extract<Calamity, { kind: 'kill node' | 'stop node' }>,
): Promise<void> {
  const node = house.nodes[calamity.node];
  if (!node) return;
  node.living = false;
  if (calamity.kind === 'kill node') {
    await node.process.kill();
    await node.process.start();
  } else {
    node.process.sleep();
    house.balancer.cut(node);
    await pause(calamity.forMs);
    node.process.wake();
  }
  node.living = true;
}

// Told late from now on, for a while: what is told afterwards overtakes it.
async function holdWebhooks(
  house: CrashHouse,
  { forMs, delayMs }: Extract<Calamity, { kind: 'hold webhooks' }>,
): Promise<void> {
  const until = new Date(Date.now() + forMs).toISOString();
  const response = await fetch(`${house.simulatorUrl}/_sim/v1/faults/held`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ effect: { kind: 'webhook_delay', ms: delayMs }, until }),
  });
  if (!response.ok) throw new Error(`The simulator refused a fault: ${await response.text()}`);
}
