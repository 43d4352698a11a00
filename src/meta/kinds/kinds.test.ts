// Each kind reaches Meta in exactly the shape of its golden file, and valid bodies of it go through unchanged.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodies } from '../../../test/support/arbitrary-outbound.ts';
import { parseOutbound } from '../outbound.ts';
import { KIND_NAMES, KINDS } from './index.ts';

const GOLDEN = new URL('../../../test/conformance/kinds/', import.meta.url);

test('there is a golden file for each kind, and none besides', () => {
  expect(readdirSync(GOLDEN).toSorted()).toEqual(KIND_NAMES.map((kind) => `${kind}.json`).toSorted());
});

describe.each(KIND_NAMES)('%s', (kind) => {
  const { example, type } = KINDS[kind];

  test('the example reaches Meta as in the golden file', () => {
    const golden: unknown = JSON.parse(readFileSync(new URL(`${kind}.json`, GOLDEN), 'utf8'));
    for (const fields of ['closed', 'open'] as const) {
      expect(parseOutbound(example, fields)).toEqual({
        kind,
        type,
        recipientType: 'individual',
        to: '+628111111111',
        conversation: '628111111111',
        freeForm: kind !== 'template',
        body: golden,
      });
    }
  });

  test('valid bodies go through unchanged, but for the application’s own tag', () => {
    fc.assert(
      fc.property(bodies(kind), (body) => {
        const { biz_opaque_callback_data: tag, ...said } = body;
        for (const fields of ['closed', 'open'] as const) {
          const message = parseOutbound(body, fields);
          expect(message.body).toEqual(said);
          expect(message.kind).toBe(kind);
          expect(message.callbackData).toBe(tag);
          expect(message.to).toBe(body['to'] ?? body['recipient']);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('people see a short line, and every file that Meta fetches is named', () => {
    fc.assert(
      fc.property(bodies(kind), (body) => {
        const content = body[type] ?? null;
        const line = KINDS[kind].preview(content);
        expect([...line].length).toBeLessThanOrEqual(80);
        expect(line).not.toMatch(/\n/);
        const media = KINDS[kind].mediaIn(content);
        const text = JSON.stringify(content);
        for (const one of media) {
          expect(one.path.startsWith(type)).toBe(true);
          expect(text).toContain(JSON.stringify(one.id ?? one.link));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('content of another form has a preview all the same', () => {
    for (const content of [null, 'x', [], { type: 'unheard of', id: 7 }]) {
      expect(KINDS[kind].preview(content)).toBe(type);
      expect(KINDS[kind].mediaIn(content)).toEqual([]);
      expect(KINDS[kind].checkContent(content, 'open')).toBeNull();
    }
  });
});
