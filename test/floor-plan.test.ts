// The plan of the house: the rooms in one row, each looking only to its left. Read PLAN first; the tests below hold every
// import line of the repository against it, and show on planted lines that they would notice.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { expect, test } from 'vitest';

const ROW = [
  'kernel',
  'config',
  'storage',
  'context',
  'queue',
  'meta',
  'organisations',
  'events',
  'idempotency',
  'conversations',
  'media',
  'templates',
  'lanes',
  'messages',
  ['dispatch', 'inbound', 'webhooks'],
  'chores',
  'dialects',
  'console',
  'http',
  'gateway',
  'cli',
  'main',
];

/** The one store that may open another room's. */
const STORE_EXCEPTION = 'src/messages/accept-store.ts';

interface Import {
  file: string;
  /** The imported file, from the root of the repository. */
  target: string;
}

test('every import keeps to the plan', () => {
  expect(importsOf(sourceFiles()).flatMap(offence)).toEqual([]);
});

test('every room stands in the row', () => {
  const rooms = sourceFiles().filter(inSource).map(roomOf);
  expect(rooms.filter((room) => placeOf(room) === -1)).toEqual([]);
});

test.each([
  ['src/lanes/pace.ts', 'src/messages/message.ts', 'lanes may not look right, to messages'],
  ['src/kernel/ids.ts', 'src/config/config.ts', 'kernel may not look right, to config'],
  ['src/context.ts', 'src/queue/worker.ts', 'context may not look right, to queue'],
  ['src/dispatch/send.ts', 'src/inbound/receive.ts', 'dispatch and inbound are strangers'],
  [
    'src/dialects/kirim/index.ts',
    'src/dialects/graph/errors.ts',
    'the dialects kirim and graph are strangers',
  ],
  ['src/messages/read.ts', 'src/lanes/lane-store.ts', 'lane-store.ts opens only from lanes'],
  ['src/http/app.ts', 'src/gateway.ts', 'http may not look right, to gateway'],
  ['src/gateway.ts', 'src/cli/dev.ts', 'gateway may not look right, to cli'],
  ['src/http/app.ts', 'simulator/main.ts', 'only cli, test and bench see the simulator'],
  ['simulator/push.ts', 'src/meta/signature.ts', 'the simulator sees only the kernel'],
  ['src/http/app.ts', 'test/support/clock.ts', 'src sees no tests'],
  ['src/cellar/wine.ts', 'src/kernel/ids.ts', 'cellar has no place in the row'],
])('%s importing %s is noticed', (file, target, says) => {
  expect(offence({ file, target })).toEqual([`${file} → ${target}: ${says}`]);
});

test.each([
  ['src/messages/send.ts', 'src/lanes/pace.ts'],
  ['src/lanes/lanes.ts', 'src/lanes/lane-store.ts'],
  ['src/dialects/kirim/index.ts', 'src/dialects/dialect.ts'],
  [STORE_EXCEPTION, 'src/idempotency/idempotency-store.ts'],
  ['src/gateway.ts', 'src/dispatch/dispatcher.ts'],
  ['src/cli/dev.ts', 'src/gateway.ts'],
  ['src/cli/dev.ts', 'simulator/simulator.ts'],
  ['src/lanes/lanes.test.ts', 'test/support/gateway.ts'],
  ['simulator/push.ts', 'src/kernel/clock.ts'],
])('%s may import %s', (file, target) => {
  expect(offence({ file, target })).toEqual([]);
});

test('import lines of every form are seen', () => {
  const text = `import a from './a.ts';
    import type { B } from "../b/b.ts";
    export { c } from './c.ts';
    import './d.ts';
    const e = await import('../../simulator/e.ts');
    import pg from 'pg';`;
  const targets = ['src/x/a.ts', 'src/b/b.ts', 'src/x/c.ts', 'src/x/d.ts', 'simulator/e.ts'];
  expect(targetsOf('src/x/x.ts', text)).toEqual(targets);
});

function offence({ file, target }: Import): string[] {
  const why = reason(file, target);
  return why === undefined ? [] : [`${file} → ${target}: ${why}`];
}

function reason(file: string, target: string): string | undefined {
  if (inTest(file)) return undefined;
  if (target.startsWith('simulator/'))
    return seesSimulator(file) ? undefined : 'only cli, test and bench see the simulator';
  if (file.startsWith('simulator/'))
    return roomOf(target) === 'kernel' ? undefined : 'the simulator sees only the kernel';
  if (!inSource(file)) return undefined;
  return inSource(target) ? reasonBetween(file, target) : 'src sees no tests';
}

function reasonBetween(file: string, target: string): string | undefined {
  const [from, to] = [roomOf(file), roomOf(target)];
  const store = posix.basename(target);
  if (placeOf(from) === -1) return `${from} has no place in the row`;
  if (placeOf(to) > placeOf(from)) return `${from} may not look right, to ${to}`;
  if (from !== to && placeOf(from) === placeOf(to)) return `${from} and ${to} are strangers`;
  if (from !== to && store.endsWith('-store.ts') && file !== STORE_EXCEPTION)
    return `${store} opens only from ${to}`;
  const [fromDialect, toDialect] = [dialectOf(file), dialectOf(target)];
  if (fromDialect && toDialect && fromDialect !== toDialect)
    return `the dialects ${fromDialect} and ${toDialect} are strangers`;
  return undefined;
}

function placeOf(room: string): number {
  return ROW.findIndex((place) => place === room || (Array.isArray(place) && place.includes(room)));
}

// src/lanes/pace.ts is of the room lanes, and src/gateway.ts a room of its own.
function roomOf(file: string): string {
  return file.split('/')[1]?.replace(/\.ts$/, '') ?? '';
}

function dialectOf(file: string): string | undefined {
  return /^src\/dialects\/([^/]+)\//.exec(file)?.[1];
}

function inSource(file: string): boolean {
  return file.startsWith('src/');
}

function inTest(file: string): boolean {
  return file.startsWith('test/') || file.startsWith('bench/') || file.endsWith('.test.ts');
}

function seesSimulator(file: string): boolean {
  return file.startsWith('simulator/') || file.startsWith('src/cli/');
}

function sourceFiles(): string[] {
  const root = dirname(import.meta.dirname);
  return ['src', 'simulator'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
}

function importsOf(files: string[]): Import[] {
  const root = dirname(import.meta.dirname);
  return files.flatMap((file) =>
    targetsOf(file, readFileSync(join(root, file), 'utf8')).map((target) => ({ file, target })),
  );
}

function targetsOf(file: string, text: string): string[] {
  const lines = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)(['"])(\.[^'"]*)\1/g);
  return [...lines].map((match) => posix.join(posix.dirname(file), match[2] ?? ''));
}
