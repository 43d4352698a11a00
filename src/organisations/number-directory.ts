// The numbers in memory, tokens opened, so that the hot path looks them up without waiting. Re-read every 3 s, at once after
// a change through this node, and once when a number is asked for that is not there (it may just have been connected
// elsewhere): at most once a second for each such number. While the database does not answer, what was read last holds.
import type { Context } from '../context.ts';
import type { Timer } from '../kernel/clock.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import { levelOf } from '../storage/db.ts';
import {
  selectAllNumbers,
  selectFingerprint,
  type NumberListing,
  type SealedNumber,
} from './number-store.ts';
import { openToken, setNumber, type BusinessNumber, type SetNumber } from './numbers.ts';

export interface NumberDirectory extends AsyncDisposable {
  /** The number of this organisation, as read last. */
  knownNumber(organisationId: OrganisationId, phoneNumberId: string): BusinessNumber | undefined;
  /** The same, with a look into the database when it is not there. */
  findNumber(organisationId: OrganisationId, phoneNumberId: string): Promise<BusinessNumber | undefined>;
  /** By the number itself, in digits. Of several the connected one, then the newest. */
  findNumberByPhone(organisationId: OrganisationId, digits: string): Promise<BusinessNumber | undefined>;
  /** Those that are not disconnected, the oldest first, as read last. */
  connectedNumbers(organisationId: OrganisationId): readonly BusinessNumber[];
  /** Of all organisations: for Meta's door, where the app's signature is the fence. By number if one is given, else by WABA. */
  numbersForWebhook(about: {
    phoneNumberId?: string | undefined;
    wabaId?: string | undefined;
  }): Promise<readonly BusinessNumber[]>;
  /** Of any organisation, as read last: for the lanes, which belong to numbers. */
  numberAnywhere(phoneNumberId: string): BusinessNumber | undefined;
  /** `setNumber` through this node: in force here when it resolves. */
  setNumber(change: SetNumber): Promise<NumberListing>;
  /** After any other change through this node. */
  reread(): Promise<void>;
}

interface Book {
  all: BusinessNumber[];
  byId: Map<string, BusinessNumber>;
  byWaba: Map<string, BusinessNumber[]>;
  byPhone: Map<string, BusinessNumber>;
  connected: Map<OrganisationId, BusinessNumber[]>;
}

interface Miss {
  at: number;
  read: Promise<void>;
}

const REREAD_MS = 3_000;
const MISS_PAUSE_MS = 1_000;
const MISSES_MAX = 1_000;

/** Reads the numbers for the first time, and lives until it is disposed of. */
export async function createNumberDirectory(ctx: Context): Promise<NumberDirectory> {
  const reader = createReader(ctx);
  await reader.reread();
  const polling = poll(ctx, reader);
  const misses = new Map<string, Miss>();

  /** What `look` finds; if nothing, what it finds after a re-read, unless there was one for this `what` just now. */
  async function found<Found>(what: string, look: () => Found | undefined): Promise<Found | undefined> {
    const known = look();
    if (known !== undefined) return known;
    const now = ctx.clock.monotonic();
    const last = misses.get(what);
    if (last && now - last.at < MISS_PAUSE_MS) await last.read;
    else await remember(misses, what, { at: now, read: reader.reread() });
    return look();
  }

  function knownNumber(organisationId: OrganisationId, phoneNumberId: string): BusinessNumber | undefined {
    const number = reader.book().byId.get(phoneNumberId);
    return number?.organisationId === organisationId ? number : undefined;
  }

  return {
    knownNumber,
    findNumber: (organisationId, phoneNumberId) =>
      found(`id/${organisationId}/${phoneNumberId}`, () => knownNumber(organisationId, phoneNumberId)),
    findNumberByPhone: (organisationId, digits) =>
      found(`phone/${organisationId}/${digits}`, () =>
        reader.book().byPhone.get(`${organisationId}/${digits}`),
      ),
    connectedNumbers: (organisationId) => reader.book().connected.get(organisationId) ?? [],
    async numbersForWebhook({ phoneNumberId, wabaId }) {
      if (phoneNumberId !== undefined) {
        const number = await found(`id/${phoneNumberId}`, () => reader.book().byId.get(phoneNumberId));
        return number ? [number] : [];
      }
      if (wabaId === undefined) return [];
      return (await found(`waba/${wabaId}`, () => reader.book().byWaba.get(wabaId))) ?? [];
    },
    numberAnywhere: (phoneNumberId) => reader.book().byId.get(phoneNumberId),
    async setNumber(change) {
      const number = await setNumber(ctx, change);
      await reader.reread();
      return number;
    },
    reread: () => reader.reread(),
    async [Symbol.asyncDispose]() {
      polling.stop();
      await reader.settled();
    },
  };
}

interface Reader {
  book(): Book;
  reread(): Promise<void>;
  settled(): Promise<void>;
}

function createReader(ctx: Context): Reader {
  let fingerprint: string | undefined;
  let book: Book = toBook([]);
  let sealedBefore = new Map<string, SealedNumber>();
  let reading: Promise<void> | undefined;
  let following: Promise<void> | undefined;

  async function read(): Promise<void> {
    const present = await selectFingerprint(ctx.db);
    if (present === fingerprint) return;
    const rows = await selectAllNumbers(ctx.db);
    book = toBook(rows.map((row) => opened(ctx, row, { sealed: sealedBefore, open: book.byId })));
    sealedBefore = new Map(rows.map((row) => [row.phoneNumberId, row]));
    // The rows may be newer than the fingerprint; then the next read fetches them once more.
    fingerprint = present;
  }

  function reread(): Promise<void> {
    if (!reading) return (reading = read().finally(() => (reading = undefined)));
    // The read under way may have looked before the change: one more follows it, for all who ask meanwhile.
    following ??= settledOf(reading).then(() => {
      following = undefined;
      return reread();
    });
    return following;
  }

  return { book: () => book, reread, settled: () => settledOf(following ?? reading) };
}

// Whoever asked for the read hears of its failure; here only its end matters.
async function settledOf(read: Promise<void> | undefined): Promise<void> {
  await Promise.allSettled([read]);
}

// A token that does not open makes its number unusable, not its neighbours. One that has not changed is not opened again.
function opened(
  ctx: Context,
  row: SealedNumber,
  before: { sealed: Map<string, SealedNumber>; open: Map<string, BusinessNumber> },
): BusinessNumber {
  const open = before.open.get(row.phoneNumberId);
  const same = before.sealed.get(row.phoneNumberId)?.accessToken.equals(row.accessToken) === true;
  if (same && open && open.accessToken !== '') return { ...row, accessToken: open.accessToken };
  try {
    return { ...row, accessToken: openToken(ctx.sealer, row.phoneNumberId, row.accessToken) };
  } catch (error) {
    ctx.log.error(
      { phoneNumberId: row.phoneNumberId, err: error },
      'The token of a number does not open: it cannot send.',
    );
    const statusReason = 'Its access token was sealed under another KURIR_SECRET: set the token anew.';
    return { ...row, accessToken: '', status: 'disconnected', statusReason };
  }
}

function toBook(all: BusinessNumber[]): Book {
  const book: Book = { all, byId: new Map(), byWaba: new Map(), byPhone: new Map(), connected: new Map() };
  for (const number of all) {
    const { organisationId, wabaId } = number;
    book.byId.set(number.phoneNumberId, number);
    book.byWaba.set(wabaId, [...(book.byWaba.get(wabaId) ?? []), number]);
    const phone = `${organisationId}/${number.phone}`;
    if (number.status === 'connected' || book.byPhone.get(phone)?.status !== 'connected')
      book.byPhone.set(phone, number);
    // A degraded one is connected, and refuses with its reason.
    if (number.status !== 'connected' && number.status !== 'degraded') continue;
    book.connected.set(organisationId, [...(book.connected.get(organisationId) ?? []), number]);
  }
  return book;
}

function poll(ctx: Context, reader: Reader): { stop(): void } {
  let timer: Timer | undefined = ctx.clock.after(REREAD_MS, () => void tick());
  async function tick(): Promise<void> {
    try {
      await reader.reread();
    } catch (error) {
      ctx.log[levelOf(error)](
        { err: error },
        'The numbers could not be read again: what was read last holds.',
      );
    }
    if (timer) timer = ctx.clock.after(REREAD_MS, () => void tick());
  }
  return {
    stop() {
      timer?.cancel();
      timer = undefined;
    },
  };
}

async function remember(misses: Map<string, Miss>, what: string, miss: Miss): Promise<void> {
  misses.delete(what);
  misses.set(what, miss);
  for (const oldest of misses.keys()) {
    if (misses.size <= MISSES_MAX) break;
    misses.delete(oldest);
  }
  try {
    await miss.read;
  } catch (error) {
    // It was not looked for, so the next one who asks tries again.
    if (misses.get(what) === miss) misses.delete(what);
    throw error;
  }
}
