// What others wrote, on a terminal.
import pc from 'picocolors';
import { expect, test } from 'vitest';

import { table, toJson, visible } from './terminal.ts';

test('a text of others is one line of so many characters, none of which acts', () => {
  expect(visible('plain – 你好 👋🏽')).toBe('plain – 你好 👋🏽');
  expect(visible('a\u001b[31m\u0007\tb\r\nc\u2028\u202E\u2066\u200F\u061C\u009b\ud800')).toBe(
    String.raw`a\u001b[31m\u0007\tb\r\nc\u2028\u202e\u2066\u200f\u061c\u009b\ud800`,
  );
  expect(visible('👋'.repeat(10), 10)).toBe('👋'.repeat(10));
  expect(visible('👋'.repeat(11), 10)).toBe(`${'👋'.repeat(9)}…`);
  expect(visible('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxx…');
});

test('a table has a line for each row, whatever stands in it; JSON is the same value', () => {
  const shown = table(pc.createColors(false), ['A', 'B'], [['one\ntwo', '\u001b[2J']]);
  expect(shown.split('\n')).toEqual(['A         B', String.raw`one\ntwo  \u001b[2J`]);
  const value = { text: '\u009b\u202E\u007f\n"\\' };
  expect(toJson(value)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  expect(JSON.parse(toJson(value))).toEqual(value);
});
