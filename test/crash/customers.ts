// The customers of a run: they write through the simulator while the application sends, alone and several at once; some of it Meta tells
// twice.
import type { CrashHouse } from './crash-house.ts';
import type { Load } from './load.ts';
import type { PlannedWrite } from './plan.ts';

export async function allWrite(run: {
  house: Pick<CrashHouse, 'simulatorUrl'>;
  load: Pick<Load, 'reached'>;
  writes: readonly PlannedWrite[];
}): Promise<void> {
  for (const { after, times, layout, messages } of run.writes) {
    await run.load.reached(after);
    const updates = messages.map(({ phone, number, text }) => ({
      phone,
      send: { type: 'text', text, number },
    }));
    const response = await fetch(`${run.house.simulatorUrl}/_sim/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ updates, times, layout }),
    });
    if (!response.ok) throw new Error(`The simulator refused what customers write: ${await response.text()}`);
  }
}
