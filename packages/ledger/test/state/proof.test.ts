import { bytes, struct, uint } from '@murmuration/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeStateAnswer,
  encodeStateAnswer,
  type StateAnswer,
  verifyAbsence,
  verifyStateAnswer,
} from '../../src/index.ts';
import { createStateStore, type StateStore } from '../../src/state/store.ts';
import { flipped, hashOf } from '../fixtures.ts';

const schema = struct({ n: uint, pad: bytes(3) });

function storeOf(keys: Iterable<string>): StateStore {
  const store = createStateStore();
  const table = store.table('t', schema);
  for (const key of keys) table.set(key, { n: key.length, pad: new Uint8Array(3) });
  return store;
}

const keys = fc.uniqueArray(fc.stringMatching(/^[a-f]{1,2}$/), { maxLength: 20 });

test('every key has an answer that verifies under the root, and says rightly whether it is there', () => {
  fc.assert(
    fc.property(keys, fc.stringMatching(/^[a-f]{1,2}$/), (present, asked) => {
      const store = storeOf(present);
      for (const key of [...present, asked]) {
        const answer = store.answer(`t/${key}`);
        const verdict = verifyStateAnswer(`t/${key}`, answer, store.root());
        expect(verdict.ok && (verdict.value !== null) === present.includes(key)).toBe(true);
        expect(verifyStateAnswer(`t/${key}`, answer, hashOf(1))).toMatchObject({ reason: 'wrong-proof' });
        expect(verifyStateAnswer('t/other', answer, store.root())).toMatchObject({ reason: 'wrong-key' });
      }
    }),
    { numRuns: 100 },
  );
});

test('no proof of absence can be made for a key that is there', () => {
  fc.assert(
    fc.property(keys, (present) => {
      const store = storeOf(present);
      for (const hidden of present) {
        const key = `t/${hidden}`;
        // What a liar has: the true answers about all other keys, in the name of the hidden one.
        for (const gap of ['t/', 't/a0', 't/b0', 't/c0', 't/cc0', 't/zz']) {
          const answer = store.answer(gap);
          if (answer.kind === 'absent') expect(verifyAbsence({ ...answer, key }, store.root())).toBe(false);
        }
        const around = storeOf(present.filter((other) => other !== hidden)).answer(key);
        expect(verifyStateAnswer(key, around, store.root()).ok).toBe(false);
      }
    }),
    { numRuns: 60 },
  );
});

test('the number of leaves is bound by the root: a proof that claims another one is refused', () => {
  const store = storeOf(['a', 'b', 'c', 'd', 'e']);
  const answer = store.answer('t/zz') as Extract<StateAnswer, { kind: 'absent' }>;
  expect(verifyAbsence(answer, store.root())).toBe(true);
  for (const size of [1, 4, 6, 7, 8]) expect(verifyAbsence({ ...answer, size }, store.root())).toBe(false);
});

test.each(['t/c', 't/cc', 't/a', 't/zz'])('every flipped bit of the answer about %s is refused', (key) => {
  const store = storeOf(['b', 'c', 'd', 'e', 'f', 'ff', 'fff']);
  const wire = encodeStateAnswer(store.answer(key));
  expect(wire.length).toBeLessThan(512);
  for (let bit = 0; bit < wire.length * 8; bit++) {
    const read = decodeStateAnswer(flipped(wire, bit >> 3, 1 << (bit & 7)));
    if (read.ok) expect(verifyStateAnswer(key, read.value, store.root()).ok).toBe(false);
  }
  for (let length = 0; length < wire.length; length++)
    expect(decodeStateAnswer(wire.subarray(0, length)).ok).toBe(false);
});

test('random bytes are no answer, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (wire) => {
      const read = decodeStateAnswer(wire);
      if (read.ok) expect(verifyStateAnswer(read.value.key, read.value, hashOf(3)).ok).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('an answer larger than the limit is not read', () => {
  const wire = encodeStateAnswer(storeOf(['a', 'b']).answer('t/a'));
  expect(decodeStateAnswer(wire, wire.length).ok).toBe(true);
  expect(decodeStateAnswer(wire, wire.length - 1)).toMatchObject({ reason: 'too-large' });
});
