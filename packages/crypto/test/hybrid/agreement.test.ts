import { seededRandom, toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { AGREEMENT_CIPHERTEXT_BYTES, AGREEMENT_PUBLIC_KEY_BYTES, agreementKey } from '../../src/index.ts';

const random = seededRandom('agreement');
const bytes = (length: number) => Uint8Array.from({ length }, () => random.uint32() & 255);
const context = utf8('job 7, round 3, pair 1 and 2');
const [alice, bob, carol] = [agreementKey(bytes(96)), agreementKey(bytes(96)), agreementKey(bytes(96))];

function initiated(coins?: Uint8Array) {
  const result = alice.initiate(bob.publicKey, context, coins);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

test('both sides of a pair hold one secret, with drawn coins and with given ones', () => {
  for (const coins of [undefined, bytes(32)]) {
    const { ciphertext, shared } = initiated(coins);
    expect(ciphertext.length).toBe(AGREEMENT_CIPHERTEXT_BYTES);
    const answer = bob.respond(alice.publicKey, ciphertext, context);
    expect(answer.ok && toHex(answer.value)).toBe(toHex(shared));
  }
});

test('given coins replay, drawn ones do not', () => {
  const coins = bytes(32);
  expect(toHex(initiated(coins).ciphertext)).toBe(toHex(initiated(coins).ciphertext));
  expect(toHex(initiated().ciphertext)).not.toBe(toHex(initiated().ciphertext));
});

test('another initiator, responder, context, role or ciphertext gives another secret', () => {
  const { ciphertext, shared } = initiated();
  const flipped = ciphertext.map((byte, i) => (i === 500 ? byte ^ 1 : byte));
  const others = [
    bob.respond(carol.publicKey, ciphertext, context),
    carol.respond(alice.publicKey, ciphertext, context),
    bob.respond(alice.publicKey, ciphertext, utf8('job 7, round 4, pair 1 and 2')),
    alice.respond(bob.publicKey, ciphertext, context),
    bob.respond(alice.publicKey, flipped, context),
  ];
  for (const other of others) {
    expect(other.ok).toBe(true);
    expect(other.ok && toHex(other.value)).not.toBe(toHex(shared));
  }
});

test('malformed keys, points and ciphertexts are returned reasons', () => {
  const { ciphertext } = initiated();
  const smallOrder = bob.publicKey.slice();
  smallOrder.fill(0, 0, 32);
  const notReduced = bob.publicKey.slice();
  notReduced.fill(0xff, 32, 64);
  const short = new Uint8Array(AGREEMENT_PUBLIC_KEY_BYTES - 1);
  expect(alice.initiate(short, context)).toMatchObject({ ok: false, reason: 'malformed-key' });
  expect(alice.initiate(smallOrder, context)).toMatchObject({ ok: false, reason: 'small-order-point' });
  expect(alice.respond(smallOrder, ciphertext, context)).toMatchObject({ ok: false, reason: 'small-order-point' });
  for (const coins of [undefined, new Uint8Array(32)]) {
    expect(alice.initiate(notReduced, context, coins)).toMatchObject({ ok: false, reason: 'malformed-key' });
  }
  expect(bob.respond(alice.publicKey, ciphertext.subarray(1), context)).toMatchObject({
    ok: false,
    reason: 'malformed-ciphertext',
  });
  expect(bob.respond(short, ciphertext, context)).toMatchObject({ ok: false, reason: 'malformed-key' });
});
