// Statuses that came too early: without our token, of a wamid that no message had yet. Meta may tell of a message before its answer to the
// call has come; when the wamid is known they are applied like any other. What nobody claims in time is not ours and is set aside.
import type { Context } from '../context.ts';
import { levelOf } from '../storage/db.ts';
import type { Timer } from '../kernel/clock.ts';
import { isObject, type JsonObject } from '../kernel/json.ts';
import { hasOpenAttempt, idsOfWamids } from '../messages/find-by-wamid.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import { text } from '../meta/webhook-envelope.ts';
import type { PassedOn } from './pass-on.ts';
import { endEarly, keepEarly, takeEarly, type EarlyKept } from './inbound-store.ts';

export interface EarlyStatuses {
  /** Keeps a status for later; false when no call is open that could make its wamid known. */
  keep(status: EarlyStatus): Promise<boolean>;
  start(): void;
  stop(): void;
}

export interface EarlyStatus {
  appId: string;
  number: BusinessNumber;
  wamid: string;
  change: JsonObject;
}

export interface EarlyParts {
  findNumber: (phoneNumberId: string) => BusinessNumber | undefined;
  apply: (number: BusinessNumber, value: JsonObject) => Promise<unknown>;
  passOn: (what: PassedOn) => Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
const FIRST_LOOK_MS = 1_000;
/** After the first look, and the second; at the third the answer to the call can no longer come. */
const NEXT_LOOKS_MS = [5_000, 30_000];
const ROWS_MAX = 500;

export function createEarlyStatuses(ctx: Context, parts: EarlyParts): EarlyStatuses {
  let timer: Timer | undefined;
  let stopped = false;

  async function look(): Promise<void> {
    const due = await takeEarly(ctx.db, {
      now: ctx.clock.now(),
      delaysMs: NEXT_LOOKS_MS,
      limit: ROWS_MAX,
    });
    if (due.length === 0) return;
    const known = await idsOfWamids(ctx.db, due);
    const ours = due.filter((one) => known.has(one.wamid));
    await Promise.all(ours.map((one) => applyOne(one)));
    const nobodys = due.filter((one) => !known.has(one.wamid) && one.looks > NEXT_LOOKS_MS.length);
    await Promise.all(
      nobodys.map((one) => parts.passOn(toPassedOn(one, parts.findNumber(one.phoneNumberId)))),
    );
    if (ours.length + nobodys.length > 0) await endEarly(ctx.db, [...ours, ...nobodys]);
  }

  async function applyOne(one: EarlyKept): Promise<void> {
    const number = parts.findNumber(one.phoneNumberId);
    const value = one.change['value'];
    if (number && isObject(value)) await parts.apply(number, value);
  }

  function again(): void {
    if (stopped) return;
    timer = ctx.clock.after(LOOK_EVERY_MS, () => {
      look()
        .catch((error: unknown) =>
          ctx.log[levelOf(error)]({ err: error }, 'early statuses could not be looked at'),
        )
        .finally(again);
    });
  }

  return {
    async keep({ appId, number, wamid, change }) {
      const { organisationId, phoneNumberId } = number;
      if (!(await hasOpenAttempt(ctx.db, phoneNumberId))) return false;
      const at = ctx.clock.now();
      const lookAt = at + FIRST_LOOK_MS;
      await keepEarly(ctx.db, [
        { organisationId, appId, phoneNumberId, wamid, change: JSON.stringify(change), at, lookAt },
      ]);
      return true;
    },
    start: again,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

function toPassedOn(one: EarlyKept, number: BusinessNumber | undefined): PassedOn {
  const { waba_id, value } = one.change;
  return {
    app: { id: one.appId },
    number,
    numbers: number ? [number] : [],
    change: {
      field: 'messages',
      wabaId: text(waba_id) ?? '',
      time: undefined,
      phoneNumberId: one.phoneNumberId,
      value: isObject(value) ? value : {},
    },
    reason: 'a status of a message that Kurir did not send',
  };
}
