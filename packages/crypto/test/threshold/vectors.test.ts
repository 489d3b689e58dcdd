import { toHex } from '@murmuration/core';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { expect, test } from 'vitest';
import { dealShares } from '../../src/threshold/dealer.ts';
import { knowsSecret, startDkg } from '../../src/threshold/dkg.ts';
import { shareFits } from '../../src/threshold/group.ts';
import { createNonces } from '../../src/threshold/nonces.ts';
import { combineSharesRaw, signShareRaw, verifyGroupSignature } from '../../src/threshold/signing.ts';
import { hex, vectors } from '../vectors.ts';
import { entropyFor, scripted } from './fixtures.ts';

interface Signer {
  readonly identifier: number;
  readonly [field: string]: string | number;
}

interface FrostVector {
  readonly minParticipants: number;
  readonly maxParticipants: number;
  readonly groupSecretKey: string;
  readonly groupPublicKey: string;
  readonly coefficient: string;
  readonly message: string;
  readonly shares: readonly string[];
  readonly signers: readonly Signer[];
  readonly signature: string;
}

const [VECTOR] = vectors<FrostVector>('rfc/9591-frost-ed25519-sha512.json') as [FrostVector];

function field(signer: Signer, name: string): string {
  return String(signer[name]);
}

function deal() {
  const entropy = scripted(entropyFor(hex(VECTOR.groupSecretKey)), entropyFor(hex(VECTOR.coefficient)));
  return dealShares(VECTOR.minParticipants, VECTOR.maxParticipants, entropy);
}

test('the dealer gives the group key and the shares of RFC 9591 appendix E.1', () => {
  const { group, shares } = deal();
  expect(toHex(group.publicKey)).toBe(VECTOR.groupPublicKey);
  expect(shares.map(({ secret }) => toHex(secret))).toEqual(VECTOR.shares);
  expect(shares.every(({ holder, secret }) => shareFits(holder, secret, group.commitments))).toBe(true);
  expect(shareFits(1, (shares[1] as { secret: Uint8Array }).secret, group.commitments)).toBe(false);
});

test('commitments, signature shares and the signature are those of RFC 9591 appendix E.1', () => {
  const { group, shares } = deal();
  const message = hex(VECTOR.message);
  const signers = VECTOR.signers.map((row) => {
    const share = shares[row.identifier - 1] as (typeof shares)[number];
    const random = scripted(hex(field(row, 'hidingRandomness')), hex(field(row, 'bindingRandomness')));
    return { row, share, nonces: createNonces(share, random) };
  });
  const commitments = signers.map(({ nonces }) => nonces.commitment);
  const sent = new Map<number, Uint8Array>();
  for (const { row, share, nonces } of signers) {
    expect(toHex(nonces.commitment.hiding)).toBe(row.hidingCommitment);
    expect(toHex(nonces.commitment.binding)).toBe(row.bindingCommitment);
    const pending = signShareRaw({ group, commitments, message }, share, nonces);
    if (!pending.ok) throw new Error(pending.reason);
    const released = pending.value.releaseOnceDurable();
    expect(toHex(released)).toBe(row.signatureShare);
    sent.set(share.holder, released);
  }
  const signature = combineSharesRaw({ group, commitments, message }, sent);
  expect(signature.ok && toHex(signature.value)).toBe(VECTOR.signature);
  expect(signature.ok && verifyGroupSignature(message, signature.value, group.publicKey)).toBe(true);
});

interface DkgRow {
  readonly identifier: number;
  readonly secret: string;
  readonly coefficient: string;
  readonly commitments: readonly string[];
  readonly proof: string;
  /** What this participant got, by sender. */
  readonly shares: Readonly<Record<string, string>>;
  readonly verifyingShare: string;
  readonly signingShare?: string;
}

test('key generation gives the shares and keys of the Zcash Foundation, and its proofs of knowledge hold', () => {
  type DkgVector = { verifyingKey: string; participants: readonly DkgRow[] };
  const [{ verifyingKey, participants }] = vectors<DkgVector>('zcash-frost/ed25519-dkg.json') as [DkgVector];
  for (const { identifier, commitments, proof } of participants) {
    expect(knowsSecret(identifier, hex(commitments[0] as string), hex(proof))).toBe(true);
    expect(knowsSecret(identifier + 1, hex(commitments[0] as string), hex(proof))).toBe(false);
  }
  const starts = participants.map(({ identifier, secret, coefficient }) => {
    const nonce = new Uint8Array(48).fill(identifier);
    return startDkg(identifier, 2, 3, scripted(entropyFor(hex(secret)), entropyFor(hex(coefficient)), nonce));
  });
  const sharings = starts.map((start, i) => {
    const received = start.receive(starts.filter((_, j) => j !== i).map(({ broadcast }) => broadcast));
    if (!received.ok) throw new Error(received.reason);
    return received.value;
  });
  for (const [i, sharing] of sharings.entries()) {
    const row = participants[i] as DkgRow;
    const received = new Map(
      sharings.flatMap((other, j) => (j === i ? [] : [[j + 1, other.shares.get(i + 1) as Uint8Array] as const])),
    );
    expect(Object.fromEntries([...received].map(([from, share]) => [from, toHex(share)]))).toEqual(row.shares);
    const finished = sharing.finish(received);
    if (!finished.ok) throw new Error(finished.reason);
    const { group, share } = finished.value;
    if (row.signingShare !== undefined) expect(toHex(share.secret)).toBe(row.signingShare);
    expect(toHex(ed25519.Point.BASE.multiply(bytesToNumberLE(share.secret)).toBytes())).toBe(row.verifyingShare);
    expect(toHex(group.publicKey)).toBe(verifyingKey);
    expect(group.verifyingShares.map(toHex)).toEqual(participants.map((one) => one.verifyingShare));
  }
});
