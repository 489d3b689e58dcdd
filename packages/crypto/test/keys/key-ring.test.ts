import { toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { createKeyRing, openKeyRing } from '../../src/index.ts';
import { seededEntropy } from './entropy.ts';

const context = utf8('data');

test('old wraps open after a rotation, new ones name the new version, and a destroyed version opens nothing', () => {
  const entropy = seededEntropy('ring');
  const ring = createKeyRing(entropy);
  const key = entropy.bytes(32);
  const old = ring.wrap(key, context, entropy);
  expect(ring.rotate(entropy)).toEqual({ version: 2, state: 'active' });
  const opened = ring.unwrap(old, context);
  expect(opened.ok && toHex(opened.value)).toBe(toHex(key));

  const renewed = ring.rewrap(old, context, entropy);
  if (!renewed.ok) throw new Error(renewed.reason);
  expect(ring.rewrap(renewed.value, context, entropy)).toEqual(renewed);
  ring.destroy(1);
  expect(ring.versions).toEqual([
    { version: 1, state: 'destroyed' },
    { version: 2, state: 'active' },
  ]);
  expect(ring.unwrap(old, context)).toMatchObject({ ok: false, reason: 'destroyed-version' });
  const again = ring.unwrap(renewed.value, context);
  expect(again.ok && toHex(again.value)).toBe(toHex(key));
});

test('a kept ring opens what it wrapped, and another ring does not', () => {
  const entropy = seededEntropy('kept');
  const ring = createKeyRing(entropy);
  ring.rotate(entropy);
  const wrapped = ring.wrap(utf8('secret'), context, entropy);
  expect(openKeyRing(ring.entries()).unwrap(wrapped, context).ok).toBe(true);
  const other = createKeyRing(entropy);
  expect(other.unwrap(wrapped, context)).toMatchObject({ ok: false, reason: 'unknown-version' });
  other.rotate(entropy);
  expect(other.unwrap(wrapped, context)).toMatchObject({ ok: false, reason: 'does-not-open' });
  expect(ring.unwrap(utf8('nothing'), context)).toMatchObject({ ok: false, reason: 'malformed-wrap' });
});

test('only retired versions are destroyed, and entries that are no ring are refused', () => {
  const entropy = seededEntropy('versions');
  const ring = createKeyRing(entropy);
  const wrong = expect.objectContaining({ code: 'KEY_VERSION' });
  expect(() => ring.destroy(1)).toThrow(wrong);
  expect(() => ring.destroy(2)).toThrow(wrong);
  ring.rotate(entropy);
  const entries = ring.entries();
  expect(() => openKeyRing(entries.slice(1))).toThrow(wrong);
  expect(() => openKeyRing(entries.slice(0, 1))).toThrow(wrong);
  expect(() => openKeyRing([])).toThrow(wrong);
});

test('what a ring hands out to be kept is a copy', () => {
  const entropy = seededEntropy('copy');
  const ring = createKeyRing(entropy);
  const wrapped = ring.wrap(utf8('secret'), context, entropy);
  for (const { key } of ring.entries()) key.fill(0);
  expect(ring.unwrap(wrapped, context).ok).toBe(true);
});
