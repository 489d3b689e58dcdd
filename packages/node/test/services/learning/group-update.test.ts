import { deviceIdFromDigest, utf8 } from '@murmuration/core';
import { createSigner, sha3_256 } from '@murmuration/crypto';
import { aggregatorOf, defaultPlan, makePrivate, planPrivateRound, privateTerms } from '@murmuration/learning';
import { createStatementCommitter, encodeStatementCertificate, survivorStatement } from '@murmuration/privacy';
import { expect, test } from 'vitest';
import { encodeGroupUpdate, readGroupUpdate } from '../../../src/services/learning/private/group-update.ts';
import type { RoundGroup, RoundGroups } from '../../../src/services/learning/private/round-groups.ts';

const open = { ...defaultPlan('digits'), model: { hidden: 1, features: 784 }, faulty: 0 };
const plan = makePrivate(open, { clippingNorm: 1, noise: { kind: 'none' } }, { devices: 10, rounds: 1 });
const terms = privateTerms(plan, 10);
const devices = Array.from({ length: 10 }, (_, i) => deviceIdFromDigest(sha3_256(utf8(`device ${i}`))));
const beacon = sha3_256(utf8('beacon'));
const groups = planPrivateRound(plan, terms, { job: 'job', round: 1, beacon, devices }).map((one): RoundGroup => {
  return { plan: one, aggregator: aggregatorOf(one) };
});
const signers = Array.from({ length: 4 }, (_, i) => createSigner(sha3_256(utf8(`replica ${i}`))));
const committee = { chainId: new Uint8Array(32), epoch: 0, keys: signers.map(({ publicKey }) => publicKey) };
const round: RoundGroups = {
  job: 'job',
  round: 1,
  plan,
  terms,
  groups,
  committee,
  replicas: devices.slice(0, 4),
  refusal: null,
};
const [first, second] = groups as [RoundGroup, RoundGroup];
const sum = Int32Array.from({ length: terms.length }, (_, i) => (i % 5) - 2);

function certified({ plan: of }: RoundGroup, survivors: readonly number[], replicas = 3) {
  const statement = survivorStatement(of, { sharers: new Set([0, 1, 2, 3, 4]), survivors: new Set(survivors) });
  const signatures = signers.slice(0, replicas).map((signer, replica) => {
    const signed = createStatementCommitter({ committee, signer, keyOf: () => undefined }).sign(of, statement);
    return { replica, signature: signed.ok ? signed.value.signature : new Uint8Array(64) };
  });
  return { statement, certificate: encodeStatementCertificate(signatures) };
}

const update = encodeGroupUpdate(first, certified(first, [0, 1, 2, 4]), sum);

test('a sum comes back with the survivors that a quorum committed to', () => {
  const read = readGroupUpdate(round, first.aggregator, update);
  expect(read).toEqual({
    ok: true,
    value: { plan: first.plan, result: { sum, survivors: [0, 1, 2, 4], outOfRange: 0, unproven: [] } },
  });
});

test('numbers that no honest members reach are counted', () => {
  const wild = sum.slice().fill(terms.bound * 4 + 1, 0, 7);
  const read = readGroupUpdate(round, first.aggregator, encodeGroupUpdate(first, certified(first, [0, 1, 2, 4]), wild));
  expect(read).toMatchObject({ ok: true, value: { result: { outOfRange: 7 } } });
});

const other = devices.find((device) => groups.every(({ aggregator }) => aggregator !== device)) ?? first.aggregator;
const refused: readonly [string, string, Uint8Array][] = [
  ['not-an-aggregator', other, update],
  ['other-plan', second.aggregator, update],
  ['wrong-length', first.aggregator, encodeGroupUpdate(first, certified(first, [0, 1, 2, 3]), sum.subarray(1))],
  ['too-few-signatures', first.aggregator, encodeGroupUpdate(first, certified(first, [0, 1, 2, 3], 2), sum)],
  ['other-plan', first.aggregator, encodeGroupUpdate(first, certified(second, [0, 1, 2, 3]), sum)],
  ['malformed', first.aggregator, update.subarray(0, 100)],
];
test.each(refused)('%s is refused', (reason, from, bytes) => {
  const sender = devices.find((device) => device === from) ?? first.aggregator;
  expect(readGroupUpdate(round, sender, bytes)).toMatchObject({ ok: false, reason });
});

test('survivors that the certificate is not about are refused', () => {
  const { certificate } = certified(first, [0, 1, 2, 4]);
  const { statement } = certified(first, [0, 1, 2, 3]);
  const lie = encodeGroupUpdate(first, { statement, certificate }, sum);
  expect(readGroupUpdate(round, first.aggregator, lie)).toMatchObject({ ok: false, reason: 'bad-signature' });
});

test('no byte of a peer throws', () => {
  for (let at = 0; at < update.length; at += 7) {
    const flipped = update.slice();
    flipped[at] = (flipped[at] as number) ^ 0x41;
    expect(typeof readGroupUpdate(round, first.aggregator, flipped).ok).toBe('boolean');
  }
});
