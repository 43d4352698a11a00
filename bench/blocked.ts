// The cell of one recipient whose call hangs, with a hundred thousand messages behind it: what it costs the others on the same number,
// and on other numbers, beside a gateway without any of it.
import type { Cell } from './cell.ts';
import { baseWork, compare, GATEWAY, reportOf } from './compare.ts';
import { judge, type WantedName } from './figures.ts';
import { run, type Running, type Side, type Stage } from './measure.ts';
import { ratioTo } from './report.ts';
import { EVERYBODY, NUMBERS, type Audience } from './setting.ts';
import { copyQueued } from './stored-rows.ts';

const BEHIND = 100_000;
/** Of number 0, and nobody that the load sends to. */
const SILENT = EVERYBODY.from + 900_000;
const PARTS: readonly { who: string; wanted: WantedName; audience: Audience }[] = [
  { who: 'others on its number', wanted: 'blockedSame', audience: { ...EVERYBODY, count: 1 } },
  {
    who: 'other numbers',
    wanted: 'blockedOther',
    audience: { ...EVERYBODY, first: 1, count: NUMBERS - 1 },
  },
];

export const blocked: Cell = {
  name: 'blocked',
  about:
    '100 000 messages behind a call that hangs: send-and-wait to others on its number, and on other numbers',
  async *run(stage, chosen) {
    const sides: Side[] = [
      { ...GATEWAY, name: 'free' },
      { ...GATEWAY, name: 'blocked', prepare: block },
    ];
    for (const { who, wanted, audience } of PARTS) {
      const compared = await compare(
        stage,
        {
          cell: 'blocked',
          title: `send-and-wait to ${who}`,
          sides,
          work: { ...baseWork('send-and-wait'), audience, silent: String(SILENT) },
          messages: 10_000,
          slices: 10,
          warmUp: 3_000,
        },
        chosen,
      );
      yield reportOf(compared, [judge('blocked', wanted, ratioTo(compared, 'blocked'))], chosen);
    }
  },
};

// The first one's call hangs; the second was accepted behind it, and so are the copies.
async function block(stage: Stage, running: Running): Promise<void> {
  const work = { ...baseWork('send-and-wait'), silent: String(SILENT) };
  const audience = { first: 0, count: 1, of: NUMBERS, recipients: 1, from: SILENT };
  await run(stage, running, { ...work, mode: 'accept-only', audience, messages: 2, connections: 1 });
  await stage.postgres.connect(running.databaseUrl, async (db) => {
    const { rows } = await db.query<{ id: string }>(
      `select id from message_states where state = 'queued' and conversation = $1`,
      [String(SILENT)],
    );
    await copyQueued(db, { model: rows[0]?.id ?? '', count: BEHIND - 1 });
  });
}
