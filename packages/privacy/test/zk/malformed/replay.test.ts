import { decode, encode } from '@murmuration/core';
import { createSigner } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { contentClass } from '../../../src/zk/predicates/content-class.ts';
import { commitUpdate, modelIntegrity } from '../../../src/zk/predicates/model-integrity.ts';
import { issueCredential } from '../../../src/zk/presentation/credential.ts';
import { present } from '../../../src/zk/presentation/presentation.ts';
import { ReplayGuard } from '../../../src/zk/presentation/replay-guard.ts';
import { answer, attested, attesterKeys, audience, entropy, holder, key, subject } from '../predicates/world.ts';
import { predicateSpecimens, presentationSchema } from './specimens.ts';

const predicates = predicateSpecimens();
const other = { ...audience, verifier: new Uint8Array(32).fill(7) };
const later = { ...audience, epoch: audience.epoch + 1 };

test.each(predicates)(
  '$name: presented twice, the second is refused, by the same guard and by its heir',
  (specimen) => {
    const guard = new ReplayGuard(audience);
    expect(specimen.judgeWire(specimen.wire, guard)).toBe('holds');
    expect(specimen.judgeWire(specimen.wire, guard)).toBe('nullifier-used');
    const heir = new ReplayGuard({ ...audience, seen: guard.seen });
    expect(specimen.judgeWire(specimen.wire, heir)).toBe('nullifier-used');
  },
);

test.each(predicates)('$name: another verifier, an epoch before and an epoch after refuse it', (specimen) => {
  expect(specimen.judgeWire(specimen.wire, new ReplayGuard(other))).toBe('wrong-verifier');
  expect(specimen.judgeWire(specimen.wire, new ReplayGuard(later))).toBe('wrong-epoch');
  expect(specimen.judgeWire(specimen.wire, new ReplayGuard({ ...audience, epoch: 3 }))).toBe('wrong-epoch');
});

test.each(predicates)('$name: relabelled for another verifier, epoch or nullifier, it is a false proof', (specimen) => {
  const relabelled = (changed: object, guard: ReplayGuard) =>
    specimen.judgeWire(encode(presentationSchema, { ...specimen.envelope, ...changed }), guard);
  expect(relabelled(other, new ReplayGuard(other))).toBe('false-proof');
  expect(relabelled(later, new ReplayGuard(later))).toBe('false-proof');
  const borrowed = predicates.find(({ name }) => name !== specimen.name)?.envelope.nullifier;
  expect(relabelled({ nullifier: borrowed }, new ReplayGuard(audience))).toBe('false-proof');
});

test('the proof of one predicate is none for another of the same length', () => {
  const [, content, , regulatory] = predicates;
  if (content === undefined || regulatory === undefined) throw new Error('four predicates');
  expect(content.judge(regulatory.proof)).not.toBe('holds');
  expect(regulatory.judge(content.proof)).not.toBe('holds');
});

test('proven anew with other chance, the same statement has the same nullifier: once is once', () => {
  const { credential, openings } = attested('content-class', [90n, 1n]);
  const statement = {
    classifier: attesterKeys.publicKey,
    credential,
    content: subject,
    minAllowed: 80,
    maxProhibited: 3,
  };
  const guard = new ReplayGuard(audience);
  const prove = () => present(contentClass, statement, { openings }, key, audience, entropy);
  const [first, second] = [prove(), prove()];
  expect(first).not.toEqual(second);
  expect(answer(contentClass, statement, first, guard)).toBe('holds');
  expect(answer(contentClass, statement, second, guard)).toBe('nullifier-used');
});

test('the identity, and what is no point, are refused wherever a statement has a point', () => {
  const { secrets, commitments, masked } = commitUpdate(Int32Array.of(1, 2), Int32Array.of(5, 6), entropy);
  const bounds = { projections: 1, boundBits: 8, beacon: new Uint8Array(32) };
  const statement = { holder, round: 'job-1/3', ...commitments, masked, ...bounds };
  const wire = present(modelIntegrity, statement, secrets, key, audience, entropy);
  expect(answer(modelIntegrity, statement, wire)).toBe('holds');
  for (const place of ['holder', 'update', 'mask'] as const) {
    expect(answer(modelIntegrity, { ...statement, [place]: new Uint8Array(32) }, wire)).toBe('identity-point');
    expect(answer(modelIntegrity, { ...statement, [place]: new Uint8Array(32).fill(255) }, wire)).toBe('bad-point');
  }
  const decoded = decode(presentationSchema, wire);
  if (!decoded.ok) throw new Error(decoded.reason);
  for (const [fill, reason] of [
    [0, 'identity-point'],
    [255, 'bad-point'],
  ] as const) {
    const changed = encode(presentationSchema, { ...decoded.value, nullifier: new Uint8Array(32).fill(fill) });
    expect(answer(modelIntegrity, statement, changed)).toBe(reason);
  }
});

test('a credential whose attester signed the identity as holder is refused', () => {
  const about = { predicate: 'content-class', subject, holder: new Uint8Array(32) };
  const signer = createSigner(attesterKeys.secretKey);
  const { credential } = issueCredential(signer, about, [90n, 0n], entropy);
  const bounds = { minAllowed: 80, maxProhibited: 10 };
  const statement = { classifier: attesterKeys.publicKey, credential, content: subject, ...bounds };
  const content = predicates.find(({ name }) => name === 'content-class');
  expect(answer(contentClass, statement, content?.wire ?? new Uint8Array())).toBe('identity-point');
});
