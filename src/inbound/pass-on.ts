// What Kurir itself does nothing more with: passed on as Meta told it, to each organisation that it is about, once; where nobody wants to
// hear of it, set aside. In either case it is committed before Meta is answered.
import { createHash } from 'node:crypto';

import type { Context } from '../context.ts';
import { writeAndTell } from '../events/write-and-tell.ts';
import { isEventType, type Event, toEventNumber, type MetaChange } from '../events/event.ts';
import type { Teller } from '../events/teller.ts';
import { idOf, newId, type EventId, type OrganisationId } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import { instantMs, type Change } from '../meta/webhook-envelope.ts';
import type { BusinessNumber } from '../organisations/numbers.ts';
import type { Queryable } from '../storage/db.ts';
import { createGroupCommit } from '../storage/group-commit.ts';
import type { Concerned } from './find-concerned.ts';
import { keepAside, type Aside } from './inbound-store.ts';

export interface PassedOn extends Concerned {
  app: { id: string };
  change: Change;
  /** Why it is set aside where nobody hears of it. */
  reason: string;
}

export interface PassOn {
  passOn(what: PassedOn): Promise<void>;
  /** The same in the transaction of what is done with it. */
  doAndPassOn(what: PassedOn, act: (tx: Queryable) => Promise<Done>): Promise<void>;
  setAside(what: {
    app: { id: string };
    number?: BusinessNumber | undefined;
    change: Change;
    reason: string;
  }): Promise<void>;
  drained(): Promise<void>;
}

export interface Done {
  /** Something of it was not told before; otherwise nobody hears of it. */
  isNews: boolean;
  /** All of it is kept elsewhere: there is no need to set it aside. */
  isKept: boolean;
  /** What is told besides. */
  events?: Event[];
}

const ROWS_MAX = 500;

export function createPassOn(ctx: Context, teller: Teller): PassOn {
  const asides = createGroupCommit<Aside, void>({
    async write(rows) {
      await keepAside(ctx.db, rows);
      return rows.map(() => undefined);
    },
    maxRows: ROWS_MAX,
  });
  const tellings = createGroupCommit<MetaChange, void>({
    async write(events) {
      await writeAndTell({ db: ctx.db, teller }, async () => ({ result: undefined, events }));
      return events.map(() => undefined);
    },
    maxRows: ROWS_MAX,
  });

  /** Of the organisations that it is about, what those hear of that want to, and what is kept of the others. */
  function split(what: PassedOn): { events: MetaChange[]; rows: Aside[] } {
    const organisations = [...new Set(what.numbers.map((one) => one.organisationId))];
    if (organisations.length === 0) return { events: [], rows: [toAside(ctx, null, what)] };
    const hears = (one: OrganisationId): boolean => wantsChange(teller, one, what);
    return {
      events: organisations.filter(hears).map((one) => toEvent(ctx, one, what)),
      rows: organisations.filter((one) => !hears(one)).map((one) => toAside(ctx, one, what)),
    };
  }

  return {
    async passOn(what) {
      const { events, rows } = split(what);
      await Promise.all([...events.map((one) => tellings.add(one)), ...rows.map((one) => asides.add(one))]);
    },
    async doAndPassOn(what, act) {
      const { events, rows } = split(what);
      await writeAndTell({ db: ctx.db, teller }, async (tx) => {
        const { isNews, isKept, events: besides = [] } = await act(tx);
        if (!isNews) return { result: undefined, events: [] };
        if (rows.length > 0 && !isKept) await keepAside(tx, rows);
        return { result: undefined, events: [...besides, ...events] };
      });
    },
    setAside: ({ number, ...what }) =>
      asides.add(toAside(ctx, number?.organisationId ?? null, { ...what, number })),
    drained: async () => void (await Promise.all([asides.drained(), tellings.drained()])),
  };
}

function wantsChange(teller: Teller, organisationId: OrganisationId, { change, number }: PassedOn): boolean {
  const type = `meta.${change.field}` as const;
  return (
    isEventType(type) && teller.wants(organisationId, { type, phoneNumberId: number?.phoneNumberId ?? null })
  );
}

function toEvent(ctx: Context, organisationId: OrganisationId, { change, number }: PassedOn): MetaChange {
  const { field, value, wabaId, time } = change;
  return {
    id: eventId(ctx, organisationId, change),
    organisationId,
    at: ctx.clock.now(),
    type: `meta.${field}`,
    wabaId,
    time,
    number: number ? toEventNumber(number) : null,
    field,
    value,
  };
}

// The same for every repetition of Meta's, so that a receiver knows it again. What has no moment may well be said twice.
function eventId(ctx: Context, organisationId: OrganisationId, change: Change): EventId {
  const said = JSON.stringify([
    organisationId,
    change.wabaId,
    change.field,
    change.time ?? null,
    change.value,
  ]);
  const at = instantMs(change.time) ?? instantMs(/"timestamp":"?(\d{9,11})\b/.exec(said)?.[1]);
  if (at === undefined) return newId('evt', ctx.clock.now());
  return idOf('evt', at, createHash('sha256').update(said).digest().subarray(0, 10));
}

function toAside(
  ctx: Context,
  organisationId: OrganisationId | null,
  what: Pick<PassedOn, 'app' | 'change' | 'number' | 'reason'>,
): Aside {
  const { app, change, number, reason } = what;
  return {
    appId: app.id,
    organisationId,
    phoneNumberId: (number?.phoneNumberId ?? change.phoneNumberId)?.slice(0, 100) ?? null,
    field: change.field.slice(0, 200),
    reason,
    change: JSON.stringify(toKept(change)),
    at: ctx.clock.now(),
  };
}

/** A change as it is kept. */
export function toKept(change: Change): JsonObject {
  const { field, wabaId, time, value, unread } = change;
  return {
    field,
    waba_id: wabaId,
    ...(time === undefined ? {} : { time }),
    ...(unread === undefined ? { value } : { unread }),
  };
}
