// Hands an update to the push, as the faults and the customer's quirks would have it: not at all, several times, late, in
// another order, with a wrong signature.
import type { WebhookEffect, WebhookFacts } from './faults.ts';
import { postTogether } from './together.ts';
import { spread } from './latency.ts';
import { magicNumber } from './magic-numbers.ts';
import type { Update } from './envelope.ts';
import type { Gathered, PushManner } from './push.ts';
import { record, type Simulation } from './simulation.ts';

type BatchEffect = Extract<WebhookEffect, { kind: 'batch' }>;

// What is kept back for others leaves without them after this time.
const HELD_BACK_MAX_MS = 2000;

export function tell(sim: Simulation, update: Update, facts: WebhookFacts): void {
  let copies = 1;
  let delayMs = 0;
  let batch: BatchEffect | null = null;
  let keepBack = false;
  const manner: PushManner = {};
  for (const effect of effectsOn(sim, facts)) {
    switch (effect.kind) {
      case 'drop':
        return dropped(sim, update);
      case 'duplicate':
        copies = Math.max(copies, effect.n);
        break;
      case 'webhook_delay':
        delayMs += spread(sim.random, effect);
        break;
      case 'reorder':
        keepBack = true;
        break;
      case 'batch':
        batch = effect;
        break;
      case 'forged_signature':
        manner.forged = effect.how ?? 'secret';
        break;
    }
  }
  if (batch) return gather(sim, { update, copies, manner }, batch);
  // Late on its own account: what follows does not wait for it.
  const leaving = delayMs === 0 ? update : { ...update, stream: `${update.stream}!${update.id}` };
  const post = (): void => {
    for (let i = 0; i < copies; i++) sim.push.post(leaving, manner);
  };
  if (keepBack && !sim.heldBack.has(update.stream)) return holdBack(sim, update.stream, post);
  if (delayMs === 0) post();
  else sim.clock.after(delayMs, post);
  releaseHeld(sim, update.stream);
}

function effectsOn(sim: Simulation, facts: WebhookFacts): WebhookEffect[] {
  const effects = sim.faults.ofWebhook(facts, sim.clock.now());
  const magic = facts.status === 'message' ? undefined : magicNumber(facts.to)?.webhook;
  return magic ? [magic, ...effects] : effects;
}

/** An update that has no one to go to is over, also after a restart with a callback. */
export function nobodyHears(sim: Simulation, id: string): void {
  over(sim, id, 'no callback');
}

function dropped(sim: Simulation, update: Update): void {
  over(sim, update.id, 'dropped');
}

function over(sim: Simulation, id: string, answer: string): void {
  record(sim, { fact: 'posted', at: sim.clock.now(), updates: [id], tries: 0, answer, done: true });
}

// The POST comes as often, and signed as wrongly, as the worst of its updates.
function gather(sim: Simulation, gathered: Gathered, { size, layout, order = 'given' }: BatchEffect): void {
  const { batch } = sim;
  const post = (): void => {
    const together = batch.splice(0);
    if (together.length === 0) return;
    const forged = together.find(({ manner }) => manner.forged)?.manner.forged;
    postTogether(
      sim,
      together.map((one) => one.update),
      {
        order,
        times: Math.max(...together.map(({ copies }) => copies)),
        ...(layout === undefined ? {} : { layout }),
        ...(forged === undefined ? {} : { forged }),
      },
    );
  };
  batch.push(gathered);
  if (batch.length >= size) post();
  else if (batch.length === 1) sim.clock.after(HELD_BACK_MAX_MS, post);
}

function holdBack(sim: Simulation, stream: string, post: () => void): void {
  sim.heldBack.set(stream, post);
  sim.clock.after(HELD_BACK_MAX_MS, () => {
    if (sim.heldBack.get(stream) === post) releaseHeld(sim, stream);
  });
}

function releaseHeld(sim: Simulation, stream: string): void {
  const post = sim.heldBack.get(stream);
  sim.heldBack.delete(stream);
  post?.();
}
