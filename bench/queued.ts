// The cell of the long queue: two hundred thousand messages, accepted through the API for lanes that send one a second, two to each
// recipient. What the gateway keeps in memory for it, and whether it still answers.
import type { Cell } from './cell.ts';
import { baseWork, GATEWAY } from './compare.ts';
import { judge } from './figures.ts';
import type { LoadResult } from './load.ts';
import { run, start, type Work } from './measure.ts';
import type { Usage } from './processes.ts';
import { text } from './report.ts';
import { EVERYBODY, NUMBERS } from './setting.ts';

const QUEUED = 200_000;
const RECIPIENTS = 100_000;
const WITHIN_MS = 400_000;
const ASKED = 500;
const CONNECTIONS = 8;

export const queued: Cell = {
  name: 'queued',
  about: '200 000 queued: the gateway’s memory, and whether it still answers',
  async *run(stage) {
    // Nine slow numbers and a tenth that is as fast as it goes.
    const slow = NUMBERS - 1;
    const work: Work = {
      ...baseWork('accept-only'),
      numbers: [
        { count: slow, pace: 1 },
        { count: 1, pace: null },
      ],
    };
    const running = await start(stage, GATEWAY, { work, loadAverage: 0 });
    try {
      const rssMb = async (): Promise<number> =>
        ((await running.programs[0]?.ask<Usage>('usage'))?.rssPeakBytes ?? Number.NaN) / 1_048_576;
      const startedMb = await rssMb();
      // Of whom the fast number writes to nobody.
      const audience = { ...EVERYBODY, count: slow, from: EVERYBODY.from + 100_000, recipients: RECIPIENTS };
      const accepted = await run(stage, running, {
        ...work,
        audience,
        messages: QUEUED,
        withinMs: WITHIN_MS,
      });
      const queuedMb = await rssMb();
      const asked = { ...work, connections: CONNECTIONS, messages: ASKED };
      const list = await run(stage, running, { ...asked, mode: 'list' });
      const fast = { ...EVERYBODY, first: slow, count: 1 };
      const sent = await run(stage, running, { ...asked, mode: 'send-and-wait', audience: fast });
      const peakMb = await rssMb();
      yield {
        cell: 'queued',
        text: [
          `queued: ${QUEUED} accepted, ${text(QUEUED / accepted.seconds, 0)}/s`,
          `memory of the gateway, peak: ${text(startedMb, 0)} MB when it began, ${text(queuedMb, 0)} MB with all queued, ${text(peakMb, 0)} MB after what follows`,
          answered('list, first page', list),
          answered('send-and-wait on a number without a queue', sent),
        ].join('\n'),
        json: { startedMb, queuedMb, peakMb, accepted, list, sent },
        verdicts: [judge('queued', 'queuedRss', peakMb)],
      };
    } finally {
      await Promise.all(running.programs.map((program) => program.stop()));
      await stage.postgres.dropDatabase(running.database);
    }
  },
};

function answered(what: string, { answerP50Ms, answerP99Ms }: LoadResult): string {
  return `${what}: answered in ${text(answerP50Ms, 1)} ms (p50), ${text(answerP99Ms, 1)} ms (p99), ${CONNECTIONS} connections`;
}
