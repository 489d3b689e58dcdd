import { bytes, bytesUpTo, decode, encode, struct, uint } from '@murmuration/core';
import { createSigner } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { contentClass } from '../../../src/zk/predicates/content-class.ts';
import { issueCredential } from '../../../src/zk/presentation/credential.ts';
import { createHolderKey, holderCommitment, nullifierOf } from '../../../src/zk/presentation/holder.ts';
import { presentUnchecked } from '../../../src/zk/presentation/presentation.ts';
import { ReplayGuard } from '../../../src/zk/presentation/replay-guard.ts';
import { answer, attested, attesterKeys, audience, entropy, guardOf, key, subject } from '../predicates/world.ts';
import { flipBit } from '../world.ts';

const { credential, openings } = attested('content-class', [3n, 0n]);
const bounds = { minAllowed: 1, maxProhibited: 0 };
const statement = { classifier: attesterKeys.publicKey, credential, content: subject, ...bounds };
const proveTo = (given = audience, proverKey = key) =>
  presentUnchecked(contentClass, statement, { openings }, proverKey, given, entropy);
const presentation = proveTo();

const schema = struct({ verifier: bytes(32), epoch: uint, nullifier: bytes(32), proof: bytesUpTo(65_536) });
const read = () => {
  const decoded = decode(schema, presentation);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
};

test('a presentation holds once: the second time its nullifier is used', () => {
  const guard = guardOf();
  expect(answer(contentClass, statement, presentation, guard)).toBe('holds');
  expect(answer(contentClass, statement, presentation, guard)).toBe('nullifier-used');
  expect(answer(contentClass, statement, proveTo(), guard)).toBe('nullifier-used');
});

test('a refused proof uses up no nullifier', () => {
  const guard = guardOf();
  const spoiled = encode(schema, { ...read(), proof: flipBit(read().proof, 999) });
  expect(answer(contentClass, statement, spoiled, guard)).not.toBe('holds');
  expect(answer(contentClass, statement, presentation, guard)).toBe('holds');
});

test('nullifiers survive a restart, and an epoch ends', () => {
  const guard = guardOf();
  answer(contentClass, statement, presentation, guard);
  const restarted = guardOf();
  for (const nullifier of guard.seen) restarted.record({ ...audience, nullifier: Buffer.from(nullifier, 'hex') });
  expect(answer(contentClass, statement, presentation, restarted)).toBe('nullifier-used');
  guard.advance(5);
  expect(guard.seen).toEqual([]);
  expect(answer(contentClass, statement, presentation, guard)).toBe('wrong-epoch');
  expect(() => guard.advance(5)).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
});

test('nullifiers from before a restart count however they are written, and damaged ones stop the guard', () => {
  const guard = guardOf();
  answer(contentClass, statement, presentation, guard);
  const [nullifier = ''] = guard.seen;
  const shouted = new ReplayGuard({ ...audience, seen: [nullifier.toUpperCase()] });
  expect(answer(contentClass, statement, presentation, shouted)).toBe('nullifier-used');
  for (const damaged of [nullifier.slice(2), `${nullifier}00`, '', `zz${nullifier.slice(2)}`]) {
    expect(() => new ReplayGuard({ ...audience, seen: [nullifier, damaged] })).toThrow(
      expect.objectContaining({ code: 'PRIVACY_BAD_NULLIFIERS' }),
    );
  }
});

test('another verifier or epoch refuses it, and relabelling it does not help', () => {
  const other = { ...audience, verifier: new Uint8Array(32).fill(7) };
  const later = { ...audience, epoch: 5 };
  expect(answer(contentClass, statement, presentation, guardOf(other))).toBe('wrong-verifier');
  expect(answer(contentClass, statement, presentation, guardOf(later))).toBe('wrong-epoch');
  for (const changed of [other, later]) {
    expect(answer(contentClass, statement, encode(schema, { ...read(), ...changed }), guardOf(changed))).toBe(
      'false-proof',
    );
  }
});

test('another nullifier is refused: the identity, a random point, that of another key', () => {
  const scope = { predicate: 'content-class', subject, ...audience };
  const another = nullifierOf(createHolderKey(entropy), scope).toBytes();
  expect(answer(contentClass, statement, encode(schema, { ...read(), nullifier: another }))).toBe('false-proof');
  const identity = encode(schema, { ...read(), nullifier: new Uint8Array(32) });
  expect(answer(contentClass, statement, identity)).toBe('identity-point');
});

test('a credential cannot be used with another holder key', () => {
  expect(answer(contentClass, statement, proveTo(audience, createHolderKey(entropy)))).toBe('false-proof');
  expect(answer(contentClass, statement, proveTo(audience, { ...key, blinding: key.blinding + 1n }))).toBe(
    'false-proof',
  );
});

test('one key under two blindings: commitments that nothing links, and one nullifier all the same', () => {
  const again = { ...key, blinding: createHolderKey(entropy).blinding };
  expect(holderCommitment(again)).not.toEqual(holderCommitment(key));
  const other = issueCredential(
    createSigner(attesterKeys.secretKey),
    { predicate: 'content-class', subject, holder: holderCommitment(again) },
    [3n, 0n],
    entropy,
  );
  const renewed = { ...statement, credential: other.credential };
  const shown = presentUnchecked(contentClass, renewed, { openings: other.openings }, again, audience, entropy);
  const guard = guardOf();
  expect(answer(contentClass, statement, presentation, guard)).toBe('holds');
  expect(answer(contentClass, renewed, shown, guard)).toBe('nullifier-used');
  expect(answer(contentClass, renewed, shown)).toBe('holds');
});

test('a key whose secret is nothing cannot present: its nullifier is the identity', () => {
  const nobody = { ...createHolderKey(entropy), secret: 0n };
  expect(answer(contentClass, statement, proveTo(audience, nobody))).toBe('identity-point');
});

test('nullifiers of one key differ between verifiers, epochs, predicates and subjects', () => {
  const scope = { predicate: 'p', subject, ...audience };
  const scopes = [
    scope,
    { ...scope, predicate: 'q' },
    { ...scope, subject: new Uint8Array(32) },
    { ...scope, verifier: new Uint8Array(32) },
    { ...scope, epoch: 5 },
  ];
  expect(new Set(scopes.map((each) => nullifierOf(key, each).toHex())).size).toBe(scopes.length);
  expect(holderCommitment(key)).toHaveLength(32);
});

describe('bad bytes', () => {
  test('a sample of flipped bits of a presentation is refused', () => {
    for (let bit = 1; bit < 8 * presentation.length; bit += 211) {
      expect(answer(contentClass, statement, flipBit(presentation, bit)), `bit ${bit}`).not.toBe('holds');
    }
  });

  test('every truncation, and bytes after the end, are reasons', () => {
    for (let length = 0; length < presentation.length; length += 29) {
      expect(answer(contentClass, statement, presentation.subarray(0, length))).toBe('bad-presentation');
    }
    const longer = encode(schema, { ...read(), proof: Uint8Array.from([...read().proof, 0]) });
    expect(answer(contentClass, statement, longer)).toBe('wrong-length');
    expect(answer(contentClass, statement, Uint8Array.from([...presentation, 0]))).toBe('bad-presentation');
  });

  test('a credential with any flipped bit of a sample is a reason', () => {
    for (let bit = 1; bit < 8 * credential.length; bit += 31) {
      const changed = { ...statement, credential: flipBit(credential, bit) };
      expect(['bad-credential', 'wrong-signature', 'false-proof']).toContain(
        answer(contentClass, changed, presentation),
      );
    }
  });

  test('a full guard refuses instead of growing', () => {
    const guard = guardOf();
    for (let i = 0; i < 65_536; i++)
      guard.record({ ...audience, nullifier: new Uint8Array(new Uint32Array([i]).buffer) });
    expect(answer(contentClass, statement, presentation, guard)).toBe('guard-full');
  });
});
