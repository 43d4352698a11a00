// How the load hears of messages that are finished: by lines on one long answer, those of a moment together.
import type { ServerResponse } from 'node:http';

export interface FinishLines {
  /** The long answer, to whoever asks for it. */
  follow(response: ServerResponse): void;
  /** A message's place in the load; -(place + 1) where a status of it was refused. */
  finish(place: number): void;
}

export function finishLines(): FinishLines {
  let followers: ServerResponse[] = [];
  let finished: number[] = [];
  function flush(): void {
    const lines = `${finished.join('\n')}\n`;
    finished = [];
    for (const follower of followers) follower.write(lines);
  }
  return {
    follow(response) {
      followers.push(response);
      response.on('close', () => (followers = followers.filter((one) => one !== response)));
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.flushHeaders();
    },
    finish(place) {
      if (finished.length === 0) setImmediate(flush);
      finished.push(place);
    },
  };
}
