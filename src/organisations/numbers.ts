// Numbers: connecting a WhatsApp business number to an organisation and changing how it sends. A number is in the
// installation once; its token has been shown to Meta before it is sealed, for `numbers/<phone_number_id>/access_token`.
import type { Context } from '../context.ts';
import { KurirError } from '../kernel/errors.ts';
import type { OrganisationId } from '../kernel/ids.ts';
import type { Sealer } from '../kernel/secrets.ts';
import { requireApp } from './apps.ts';
import {
  insertNumber,
  selectNumberOwner,
  selectNumbers,
  updateNumber,
  type NumberListing,
  type NumberStatus,
  type OnUnknown,
} from './number-store.ts';
import { requireOrganisation } from './organisations.ts';
import { isPace, PACES } from './pace-limits.ts';
import { requireMetaId, requireSecret } from './require-text.ts';

export type { NumberListing, NumberStatus, OnUnknown } from './number-store.ts';

/** A number with its token opened. */
export interface BusinessNumber extends NumberListing {
  accessToken: string;
}

/** Asks Meta whether a token may use a number of a WABA, and what the number is. */
export type CheckNumber = (input: {
  phoneNumberId: string;
  wabaId: string;
  token: string;
}) => Promise<NumberCheck>;

export type NumberCheck =
  | {
      kind: 'found';
      phone: string;
      displayPhoneNumber: string;
      verifiedName: string | null;
      /** Messages a second that Meta gives it, where it says so. */
      throughput?: number | undefined;
    }
  /** Meta said no; the reason is a sentence without the token. */
  | { kind: 'refused'; reason: string }
  /** Meta could not be asked. */
  | { kind: 'unreachable'; reason: string };

export interface NewNumber {
  organisationId: OrganisationId;
  /** The default app, if absent. */
  appId?: string | undefined;
  phoneNumberId: string;
  wabaId: string;
  token: string;
  check: CheckNumber;
}

export interface SetNumber {
  organisationId: OrganisationId;
  phoneNumberId: string;
  /** Messages a second; null: as fast as it goes; `auto`: as Meta gives. */
  pace?: number | null | 'auto' | undefined;
  /** What Meta gives, in force where the pace follows it. */
  throughput?: number | undefined;
  onUnknown?: OnUnknown | undefined;
  /** Whether free-form messages outside the customer's window are refused at once. */
  windowCheck?: boolean | undefined;
  status?: NumberStatus | undefined;
  /** Why, with a status; a status without one has none. */
  statusReason?: string | null | undefined;
  /** A new token, checked before it replaces the old one; the number counts as connected then, unless a status says otherwise. */
  token?: { value: string; check: CheckNumber } | undefined;
}

/** Connects a number. Nothing is written when Meta does not know the token, or the installation has the number already. */
export async function addNumber(ctx: Context, input: NewNumber): Promise<NumberListing> {
  const phoneNumberId = requireMetaId(input.phoneNumberId, 'phone_number_id');
  const wabaId = requireMetaId(input.wabaId, 'waba_id');
  const token = requireSecret(input.token, 'token');
  const { id: organisationId } = await requireOrganisation(ctx.db, input.organisationId);
  const { id: appId } = await requireApp(ctx.db, input.appId);
  const owner = await selectNumberOwner(ctx.db, phoneNumberId);
  if (owner) throw connectedAlready(phoneNumberId, owner.organisationId === organisationId);
  const { phone, displayPhoneNumber, verifiedName, throughput } = await ask(input.check, {
    phoneNumberId,
    wabaId,
    token,
  });
  const accessToken = sealToken(ctx.sealer, phoneNumberId, token);
  const row = {
    phoneNumberId,
    organisationId,
    appId,
    wabaId,
    phone,
    displayPhoneNumber,
    verifiedName,
    accessToken,
    throughput,
  };
  const createdAt = new Date(ctx.clock.now());
  const inserted = await ctx.db.transaction((tx) => insertNumber(tx, { ...row, createdAt }));
  // Somebody connected it while Meta was asked.
  if (!inserted) throw connectedAlready(phoneNumberId, false);
  return requireNumber(ctx, organisationId, phoneNumberId);
}

/** The numbers of an organisation in the order they were connected: those that can send, or all. */
export async function listNumbers(
  ctx: Context,
  organisationId: OrganisationId,
  options: { all?: boolean | undefined } = {},
): Promise<NumberListing[]> {
  const numbers = await selectNumbers(ctx.db, organisationId);
  return options.all === true ? numbers : numbers.filter((one) => one.status === 'connected');
}

/** Changes how a number sends. In force on every node within a few seconds. */
export async function setNumber(ctx: Context, input: SetNumber): Promise<NumberListing> {
  const { organisationId, phoneNumberId, pace, onUnknown, windowCheck, statusReason } = input;
  if (typeof pace === 'number' && !isPace(pace))
    throw new KurirError('invalid_field_value', `pace must be ${PACES}.`, { param: 'pace' });
  let status = input.status;
  let { throughput } = input;
  let accessToken: Buffer | undefined;
  if (input.token) {
    const token = requireSecret(input.token.value, 'token');
    const { wabaId } = await requireNumber(ctx, organisationId, phoneNumberId);
    const found = await ask(input.token.check, { phoneNumberId, wabaId, token });
    throughput ??= found.throughput;
    accessToken = sealToken(ctx.sealer, phoneNumberId, token);
    status ??= 'connected';
  }
  const at = new Date(ctx.clock.now());
  const change = { pace, throughput, onUnknown, windowCheck, status, statusReason, accessToken, at };
  const number = await updateNumber(ctx.db, { organisationId, phoneNumberId }, change);
  return number ?? notFound(phoneNumberId);
}

export function sealToken(sealer: Sealer, phoneNumberId: string, token: string): Buffer {
  return sealer.seal(token, placeOf(phoneNumberId));
}

export function openToken(sealer: Sealer, phoneNumberId: string, sealed: Buffer): string {
  return sealer.open(sealed, placeOf(phoneNumberId));
}

function placeOf(phoneNumberId: string): string {
  return `numbers/${phoneNumberId}/access_token`;
}

async function ask(
  check: CheckNumber,
  input: { phoneNumberId: string; wabaId: string; token: string },
): Promise<Extract<NumberCheck, { kind: 'found' }>> {
  const answer = await check(input);
  if (answer.kind === 'found') return answer;
  if (answer.kind === 'refused') {
    const message = `Meta does not let this token use the number ${input.phoneNumberId}: ${answer.reason}`;
    throw new KurirError('invalid_field_value', message, { param: 'token' });
  }
  const message = `Meta could not be asked about the number ${input.phoneNumberId}: ${answer.reason}`;
  throw new KurirError('whatsapp_upstream_error', message);
}

function connectedAlready(phoneNumberId: string, here: boolean): KurirError {
  const message = here
    ? `The number ${phoneNumberId} is connected already: change it with "kurir numbers set".`
    : `The number ${phoneNumberId} is connected elsewhere in this installation: it can be in one organisation only.`;
  return new KurirError('invalid_field_value', message, { param: 'phone_number_id' });
}

async function requireNumber(
  ctx: Context,
  organisationId: OrganisationId,
  phoneNumberId: string,
): Promise<NumberListing> {
  const numbers = await selectNumbers(ctx.db, organisationId);
  return numbers.find((one) => one.phoneNumberId === phoneNumberId) ?? notFound(phoneNumberId);
}

function notFound(phoneNumberId: string): never {
  const message = `There is no number ${phoneNumberId} in this organisation: see which there are with "kurir numbers list".`;
  throw new KurirError('resource_not_found', message, { param: 'phone_number_id' });
}
