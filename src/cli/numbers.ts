// `kurir numbers`: WhatsApp numbers. A token is shown to Meta before it is kept, and kept sealed.
import type { Context } from '../context.ts';
import {
  addNumber,
  listNumbers,
  setNumber,
  type NumberListing,
  type OnUnknown,
} from '../organisations/numbers.ts';
import { createNumberDirectory } from '../organisations/number-directory.ts';
import { ensureOnlyOrganisation } from '../organisations/organisations.ts';
import { checkNumber } from './check-number.ts';
import type { OfOrganisation } from './keys.ts';
import { secretFrom, usage } from './read-options.ts';
import { table, visible, type Terminal } from './terminal.ts';
import { withTables } from './with-tables.ts';

interface TokenOptions {
  token?: string;
  tokenFile?: string;
}

export interface AddNumberOptions extends OfOrganisation, TokenOptions {
  phoneNumberId: string;
  wabaId: string;
  app?: string;
}

export interface SetNumberOptions extends OfOrganisation, TokenOptions {
  /** Messages a second. */
  pace?: number | 'off' | 'auto';
  onUnknown?: OnUnknown;
  windowCheck?: 'on' | 'off';
}

export async function addNumberCommand(terminal: Terminal, options: AddNumberOptions): Promise<void> {
  const token = await secretFrom('token', options.token, options.tokenFile);
  const add = async (ctx: Context): Promise<NumberListing> => {
    const { id: organisationId } = await ensureOnlyOrganisation(ctx, options.organisation);
    const { phoneNumberId, wabaId, app: appId } = options;
    return addNumber(ctx, {
      organisationId,
      phoneNumberId,
      wabaId,
      appId,
      token,
      check: checkNumber(ctx.config),
    });
  };
  const adding = withTables(add, { begins: true });
  const number = await terminal.wait('Asking Meta about the number ...', adding);
  terminal.result(
    number,
    () =>
      `${number.phoneNumberId} (${visible(number.displayPhoneNumber)}, ${visible(number.verifiedName ?? 'no name')}) is connected.`,
  );
}

export async function listNumbersCommand(terminal: Terminal, options: OfOrganisation): Promise<void> {
  const numbers = await withTables(async (ctx) => {
    const { id } = await ensureOnlyOrganisation(ctx, options.organisation);
    const listed = await listNumbers(ctx, id, { all: true });
    await using directory = await createNumberDirectory(ctx);
    // A number whose token does not open here cannot send, whatever its row says.
    return listed.map((one) => {
      const { status, statusReason } = directory.knownNumber(id, one.phoneNumberId) ?? one;
      return { ...one, status, statusReason };
    });
  });
  const rows = numbers.map((one) => [
    one.phoneNumberId,
    one.displayPhoneNumber,
    one.verifiedName ?? '-',
    one.wabaId,
    shownStatus(one),
    shownPace(one),
    one.onUnknown,
    one.windowCheck ? 'on' : 'off',
  ]);
  terminal.result({ data: numbers }, () =>
    numbers.length === 0
      ? 'There are no numbers yet: kurir numbers add'
      : table(
          terminal.style,
          ['PHONE NUMBER ID', 'NUMBER', 'NAME', 'WABA', 'STATUS', 'PACE', 'ON UNKNOWN', 'WINDOW CHECK'],
          rows,
        ),
  );
}

export async function setNumberCommand(
  terminal: Terminal,
  phoneNumberId: string,
  options: SetNumberOptions,
): Promise<void> {
  const { pace, onUnknown, windowCheck } = options;
  const given = options.token !== undefined || options.tokenFile !== undefined;
  const token = given ? await secretFrom('token', options.token, options.tokenFile) : undefined;
  if (token === undefined && pace === undefined && onUnknown === undefined && windowCheck === undefined)
    throw usage(
      'Say what is to change: --pace <n>, off or auto; --on-unknown fail or resend; --window-check on or off; --token-file <path>.',
    );
  const number = await withTables(async (ctx) => {
    const { id: organisationId } = await ensureOnlyOrganisation(ctx, options.organisation);
    return setNumber(ctx, {
      organisationId,
      phoneNumberId,
      pace: pace === 'off' ? null : pace,
      onUnknown,
      windowCheck: windowCheck === undefined ? undefined : windowCheck === 'on',
      token: token === undefined ? undefined : { value: token, check: checkNumber(ctx.config) },
    });
  });
  terminal.result(
    number,
    () =>
      `${number.phoneNumberId}: ${visible(shownStatus(number))}, pace ${shownPace(number)}, on unknown outcomes ${number.onUnknown}, window check ${number.windowCheck ? 'on' : 'off'}.`,
  );
}

function shownStatus(number: NumberListing): string {
  return number.statusReason === null ? number.status : `${number.status} (${number.statusReason})`;
}

function shownPace(number: NumberListing): string {
  if (number.pace === null) return 'off';
  return number.paceFromMeta ? `${number.pace}/s (Meta’s)` : `${number.pace}/s`;
}
