// The subscribers' endpoint of the bench, the same for both sides: takes what is told, at one path for each subscription, answers 200 at
// once, and says which messages all subscriptions have heard all statuses of. It verifies nothing.
import { createServer } from 'node:http';

import { finishLines } from './finish-lines.ts';
import { answerParent } from './processes.ts';

export interface SubscriberAim {
  subscriptions: number;
}

/** Statuses of a message that each subscription hears of. */
const STATUSES = 3;

let wanted = STATUSES;
let heard = new Map<string, number>();
const lines = finishLines();

const server = createServer((request, response) => {
  if (request.url === '/finished') return lines.follow(response);
  let text = '';
  request.setEncoding('latin1');
  request.on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    response.writeHead(200, { 'content-length': 0 }).end();
    take(text);
  });
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const answers = {
    aim({ subscriptions }: SubscriberAim) {
      wanted = STATUSES * subscriptions;
      heard = new Map();
    },
  };
  answerParent({ url: `http://127.0.0.1:${port}` }, answers, async () => server.closeAllConnections());
});

// The wamid ends with the message's place in the load (fake-meta.ts).
function take(text: string): void {
  const [wamid, place] = /wamid\.\w+?(\d{8})AA==/.exec(text) ?? [];
  if (wamid === undefined || place === undefined) return;
  const times = (heard.get(wamid) ?? 0) + 1;
  heard.set(wamid, times);
  if (times === wanted) lines.finish(Number(place));
}
