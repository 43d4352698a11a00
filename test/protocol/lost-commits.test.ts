// The histories of a COMMIT whose answer is lost, and of a database that is away when Meta answers (see histories.test.ts).
import { describe, expect, test } from 'vitest';

import { connectAlone, putBrake, waitsFor } from '../support/brake.ts';
import { CUSTOMER, startWith, textsAt, turning } from '../support/history.ts';
import { until } from '../support/house.ts';
import { comesTo, MINUTE, post, SECOND, show } from '../support/lost-answer.ts';
import { startMetaByHand } from '../support/meta-by-hand.ts';

describe('a COMMIT whose answer is lost', () => {
  test('takes nothing back: what was accepted is sent once, and a repeat hears of it', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const { wire } = house.node;
    await comesTo(house, await post(house, '+12025550121', 'before'), 'accepted');
    // Its connections are free again: a new one could not be opened.
    await house.still();
    wire.mute();
    const headers = { 'idempotency-key': 'lost', prefer: 'respond-async' };
    const lost = house.sendText(CUSTOMER, 'lost', headers);
    await until('its row', async () => (await house.ctx.db.query('select from message_states')).length === 2);
    wire.cut();
    const answer = await turning(house, lost);
    expect(answer.status, answer.text).toBe(200);
    const again = await house.sendText(CUSTOMER, 'lost', headers);
    expect(again.body.data.id).toBe(answer.body.data.id);
    // The intent that was committed with it and never called goes, too: the lane was taken anew.
    await house.pass(5 * SECOND);
    await until('it is at Meta', async () => meta.calls.length === 2);
    await house.pass(2 * MINUTE);
    expect(textsAt(meta)).toEqual(['before', 'lost']);
  });

  test('of a statement that runs on: whoever looks for it waits for it', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const brake = await putBrake(house, 'new.priority = 0');
    const headers = { 'idempotency-key': 'late', prefer: 'respond-async', 'kurir-priority': 'high' };
    const lost = house.sendText(CUSTOMER, 'late', headers);
    await brake.reached();
    house.node.wire.cut();
    // Its look waits for the statement, which commits.
    const looked = brake.reached('behind');
    await turning(house, looked);
    await brake.letGo();
    const answer = await turning(house, lost);
    expect(answer.status, answer.text).toBe(200);
    await house.pass(5 * SECOND);
    await until('it is at Meta', async () => meta.calls.length === 1);
    expect(textsAt(meta)).toEqual(['late']);
  });

  test('of a statement that has not written yet: what was answered 503 can never appear', async () => {
    await using meta = await startMetaByHand();
    await using house = await startWith(meta);
    const headers = { 'idempotency-key': 'held', prefer: 'respond-async' };
    let lost: ReturnType<typeof house.sendText> | undefined;
    await using own = connectAlone(house);
    await own
      .transaction(async (tx) => {
        // Another's key of the same name, not committed: the accept waits at its first step.
        await tx.query(
          `insert into idempotency_keys (organisation_id, key, fingerprint, message_id, created_at) values ($1, 'held', '', 'msg_x', now())`,
          [house.organisationId],
        );
        lost = house.sendText(CUSTOMER, 'answered 503', headers);
        await waitsFor(house, tx);
        house.node.wire.cut();
        const answer = await turning(house, lost);
        expect(answer.status, answer.text).toBe(503);
        throw new Error('taken back');
      })
      .catch((error: Error) => {
        if (error.message !== 'taken back') throw error;
      });
    await house.pass(MINUTE);
    expect(meta.calls).toEqual([]);
    const again = await house.sendText(CUSTOMER, 'answered 503', headers);
    expect(again.headers.get('idempotent-replayed')).toBe('false');
    await until('the repeat is at Meta', async () => meta.calls.length === 1);
    await house.pass(MINUTE);
    expect(textsAt(meta)).toEqual(['answered 503']);
  });
});

test('what Meta answers while the database is away is written down when it is back', async () => {
  await using meta = await startMetaByHand();
  await using house = await startWith(meta);
  meta.react(() => ({ kind: 'hold' }));
  const id = await post(house, CUSTOMER, 'answered meanwhile');
  const call = await until('the call', async () => meta.calls[0]);
  house.node.wire.refuse(true);
  house.node.wire.cut();
  meta.letGo();
  await until('the outage', async () => house.gateway.ctx.db.outage()?.kind === 'away');
  house.node.wire.refuse(false);
  await until('its end', async () => house.gateway.ctx.db.outage() === undefined);
  await turning(
    house,
    until('its wamid', async () => (await show(house, id)).message_id === call.wamid),
  );
  expect(meta.calls).toHaveLength(1);
});
