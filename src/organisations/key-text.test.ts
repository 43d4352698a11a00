import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hashOfKey, isKeyText, newKeyText } from './key-text.ts';

const ALPHABET = Array.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');

describe('newKeyText', () => {
  it('makes keys of the published form, no two alike', () => {
    const keys = Array.from({ length: 2_000 }, newKeyText);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) {
      expect(key).toMatch(/^kur_live_[0-9A-Za-z]{36}$/);
      expect(isKeyText(key)).toBe(true);
    }
  });

  it('uses every character about as often as any other', () => {
    const counts = new Map<string, number>();
    const random = Array.from({ length: 4_000 }, () => newKeyText().slice(9, 39)).join('');
    for (const character of random) counts.set(character, (counts.get(character) ?? 0) + 1);
    const expected = random.length / 62;
    // Six standard deviations: a bias of the first characters (5 in 256 instead of 4) would be ten.
    for (const character of ALPHABET) {
      expect(Math.abs((counts.get(character) ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected));
    }
  });
});

describe('isKeyText', () => {
  it('refuses a key with one character changed, or two swapped', () => {
    const position = fc.integer({ min: 9, max: 44 });
    fc.assert(
      fc.property(position, position, fc.constantFrom(...ALPHABET), (at, other, character) => {
        const key = newKeyText();
        const changed = key.slice(0, at) + character + key.slice(at + 1);
        expect(isKeyText(changed)).toBe(changed === key);
        const characters = Array.from(key);
        [characters[at], characters[other]] = [key.charAt(other), key.charAt(at)];
        expect(isKeyText(characters.join(''))).toBe(characters.join('') === key);
      }),
    );
  });

  it('refuses what has another form', () => {
    const key = newKeyText();
    for (const text of [
      '',
      'kur_live_',
      `${key} `,
      `${key}0`,
      key.slice(0, -1),
      key.toUpperCase(),
      `${key}\n`,
    ]) {
      expect(isKeyText(text)).toBe(false);
    }
    expect(isKeyText(key.replace('kur_live_', 'kur_test_'))).toBe(false);
    fc.assert(fc.property(fc.string(), (text) => !isKeyText(text)));
  });

  it('knows a fixed key, so that the checksum can never change unseen', () => {
    expect(isKeyText(`kur_live_${'0'.repeat(30)}3K5f6I`)).toBe(true);
    expect(hashOfKey('kur_live_x')).toMatch(/^[0-9a-f]{64}$/);
  });
});
