// What a command says and where: results to stdout, everything about the doing to stderr; colour, and something that
// turns while one waits, only on a terminal; with --json exactly one JSON value on stdout.
import { isatty } from 'node:tty';

import pc from 'picocolors';
import yoctoSpinner from 'yocto-spinner';

import { processEnvironment } from '../config/read-env.ts';

type Style = ReturnType<typeof pc.createColors>;
type Stream = typeof process.stdout | typeof process.stderr;

export interface Terminal {
  json: boolean;
  /** For text on stdout. */
  style: Style;
  /** For text on stderr. */
  noteStyle: Style;
  /** The result: the value as JSON with --json, else the text. */
  result(value: unknown, text: () => string): void;
  /** Something about the doing; nothing with --json. */
  note(text: string): void;
  /** Waits, and says for what where it takes longer than a moment. */
  wait<Result>(text: string, promise: Promise<Result>): Promise<Result>;
}

const MOMENT_MS = 300;
const CHARACTERS_MAX = 200;
const CELL_CHARACTERS_MAX = 500;
/** What moves the cursor, rings, colours, ends a line or turns the direction of writing. */
const UNSHOWN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

export function createTerminal({ json = false }: { json?: boolean | undefined }): Terminal {
  return {
    json,
    style: styleOf(process.stdout),
    noteStyle: styleOf(process.stderr),
    result: (value, text) => void process.stdout.write(json ? `${toJson(toWire(value))}\n` : `${text()}\n`),
    note: (text) => void (json || process.stderr.write(`${text}\n`)),
    async wait(text, promise) {
      if (json || !isFancy(process.stderr)) return promise;
      const spinner = yoctoSpinner({ text, stream: process.stderr, handleSignals: false });
      const timer = setTimeout(() => spinner.start(), MOMENT_MS);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        spinner.stop();
      }
    },
  };
}

/** What others wrote, fit for a terminal: one line of so many characters, and what would act on the terminal written out. */
export function visible(text: string, charactersMax = CHARACTERS_MAX): string {
  const characters = Array.from(text.slice(0, charactersMax * 2));
  const isCut = text.length > charactersMax * 2 || characters.length > charactersMax;
  const shown = isCut ? [...characters.slice(0, charactersMax - 1), '…'] : characters;
  return shown.join('').replaceAll(UNSHOWN, escaped);
}

/** The same value as JSON.stringify gives, with what would act on a terminal written out. */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSHOWN, escaped);
}

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Rows in columns as wide as they must be, under their names; cells are shown as `visible` does. */
export function table(style: Style, names: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map((cell) => visible(cell, CELL_CHARACTERS_MAX)));
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [style.dim(line(names)), ...rows.map(line)].join('\n');
}

/** An instant for people: local time to the minute. */
export function shownTime(at: Date | null): string {
  return at === null ? '-' : at.toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' });
}

function styleOf(stream: Stream): Style {
  return pc.createColors(isFancy(stream) && !processEnvironment()['NO_COLOR']);
}

function isFancy(stream: Stream): boolean {
  const { CI, TERM } = processEnvironment();
  // `isTTY` is undefined where it is none, which createColors would take for "find out yourself", and then for yes under CI.
  return isatty(stream.fd) && !CI && TERM !== 'dumb';
}

// On the wire names are written with underscores, as the API writes them.
function toWire(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    toWire(member),
  ]);
  return Object.fromEntries(members);
}
