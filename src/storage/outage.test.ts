// The watch over outages by itself, with a database that is made up.
import { expect, test } from 'vitest';

import { until } from '../../test/support/house.ts';
import { createOutageWatch } from './outage.ts';

test('a statement that hangs is reason enough to ask: none has to end first', async () => {
  let cut: (() => void) | undefined;
  const watch = createOutageWatch({
    ping: () => Promise.reject(new Error('no answer')),
    cut: () => cut?.(),
    judge: () => 'suspect',
  });
  const hanging = watch.during(
    () => new Promise((_, reject) => (cut = () => reject(new Error('the connection was cut')))),
  );
  const ended = expect(hanging).rejects.toThrow('was cut');
  await until('the outage', async () => watch.present()?.kind === 'away');
  await ended;
  watch.stop();
});
