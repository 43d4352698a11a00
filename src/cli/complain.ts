// How a command ends badly: what is said on stderr, and with which exit code. The codes are part of the interface.
import { CommanderError } from 'commander';

import { ConfigError } from '../config/config.ts';
import { KurirError } from '../kernel/errors.ts';
import { WrongSecret } from '../organisations/sealed-secrets.ts';
import { DirectoryHeld, FolderUnusable } from '../storage/data-directory.ts';
import { toJson, visible, type Terminal } from './terminal.ts';

export const EXIT = {
  ok: 0,
  unexpected: 1,
  /** Wrong usage, settings or input. */
  usage: 2,
  denied: 3,
  notFound: 4,
  conflict: 5,
  /** Meta refused, or the message failed. */
  upstream: 6,
  timeout: 7,
  /** `doctor` found something. */
  expectation: 8,
  /** The gateway or the database cannot be reached, or the port or the data directory is taken. */
  unavailable: 69,
  rateLimited: 75,
  interrupted: 130,
} as const;

const ANSWER_CHARACTERS = 2_000;

/** What is said of a fault. */
export interface Complaint {
  exitCode: number;
  code: string;
  message: string;
  /** The field that is meant, where the API says so. */
  param?: string | undefined;
  /** Whether people are told the code too: it is one of the API's catalogue. */
  showsCode?: boolean;
}

/** A command's own refusal. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly complaint: Complaint;

  constructor(complaint: Complaint) {
    super(complaint.message);
    this.complaint = complaint;
  }
}

/** Says what went wrong; returns the exit code. */
export function complain(error: unknown, terminal: Terminal): number {
  // Commander has said it itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { exitCode, showsCode = false, code, message, param } = complaintOf(error);
  const place = param === undefined ? '' : ` (${param})`;
  // A fault of ours: where it arose is what helps whoever is told of it.
  const trace = code === 'unexpected' && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  // What the API says may quote what others wrote.
  const said = showsCode ? `${visible(`${code}${place}`)}: ${visible(message, ANSWER_CHARACTERS)}` : message;
  const text = `${terminal.noteStyle.red('✗')} ${said}${trace}`;
  process.stderr.write(`${terminal.json ? toJson({ error: { code, message, param } }) : text}\n`);
  return exitCode;
}

export function complaintOf(error: unknown): Complaint {
  if (error instanceof CommandError) return error.complaint;
  if (error instanceof KurirError) {
    const { code, message, status, details } = error;
    return { exitCode: exitCodeOf(status), code, message, param: details.param, showsCode: true };
  }
  const message = error instanceof Error ? error.message || error.name : String(error);
  if (error instanceof ConfigError) return { exitCode: EXIT.usage, code: 'invalid_settings', message };
  if (error instanceof DirectoryHeld)
    return { exitCode: EXIT.unavailable, code: 'data_directory_held', message };
  if (error instanceof FolderUnusable)
    return { exitCode: EXIT.usage, code: 'data_directory_unusable', message };
  if (error instanceof WrongSecret) return { exitCode: EXIT.usage, code: 'wrong_secret', message };
  return faultBelow(error) ?? { exitCode: EXIT.unexpected, code: 'unexpected', message };
}

/** The exit code for an answer of the API. */
export function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return EXIT.denied;
  if (status === 404) return EXIT.notFound;
  if (status === 409) return EXIT.conflict;
  if (status === 429) return EXIT.rateLimited;
  if (status === 502) return EXIT.upstream;
  if (status === 503) return EXIT.unavailable;
  return status < 500 ? EXIT.usage : EXIT.unexpected;
}

// What failed may lie below what was told: "no connection" has its reason as its cause.
function faultBelow(error: unknown): Complaint | undefined {
  for (let present = error; present instanceof Error; present = present.cause) {
    const complaint = systemComplaint(present) ?? databaseComplaint(present);
    if (complaint) return complaint;
  }
  return undefined;
}

// Node and pg name such faults only by a code.
function systemComplaint(
  error: Error & { code?: unknown; address?: unknown; port?: unknown },
): Complaint | undefined {
  const where = typeof error.port === 'number' ? ` (${String(error.address)}:${error.port})` : '';
  switch (error.code) {
    case 'EADDRINUSE':
      return {
        exitCode: EXIT.unavailable,
        code: 'port_in_use',
        message: `The port is in use${where}. Stop what listens there, or choose another with PORT.`,
      };
    case 'EACCES':
      return {
        exitCode: EXIT.usage,
        code: 'no_access',
        message: `${error.message}. Start Kurir as a user who may, or choose another place or port.`,
      };
    case 'ECONNREFUSED':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
      return {
        exitCode: EXIT.unavailable,
        code: 'unreachable',
        message: `Nobody listens${where}: ${error.message || error.code}. Is the database up, and are host and port in DATABASE_URL right?`,
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        exitCode: EXIT.unavailable,
        code: 'unreachable',
        message: `No computer is known by that name: ${error.message}. Is the host in DATABASE_URL right?`,
      };
    default:
      return undefined;
  }
}

// PostgreSQL says no before there is a connection: each has another remedy.
function databaseComplaint(error: Error & { code?: unknown }): Complaint | undefined {
  const complaint = (code: string, todo: string): Complaint => ({
    exitCode: EXIT.unavailable,
    code,
    message: `The database says no: ${error.message}. ${todo}`,
  });
  switch (error.code) {
    case '28P01':
    case '28000':
      return complaint(
        'database_denied',
        'The user or the password in DATABASE_URL is not right, or may not come from here (pg_hba.conf).',
      );
    case '3D000':
      return complaint('no_such_database', 'Create it (createdb), or set the name in DATABASE_URL right.');
    case '53300':
      return complaint(
        'database_full',
        'Give it more connections (max_connections), or Kurir fewer (KURIR_DATABASE_CONNECTIONS).',
      );
    default:
      return undefined;
  }
}
