import { encode, type Result } from '@murmuration/core';
import { ed25519Sign, sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { CONTINUITY_DOMAIN, type DeviceCertificate, signedCertificate } from '../../src/certificate/certificate.ts';
import { signCertificate } from '../../src/certificate/issue.ts';
import { openCertificate } from '../../src/certificate/read.ts';
import { MAX_CHAIN_CERTIFICATES, verifyContinuity } from '../../src/index.ts';
import { deviceWithChain, flipped, type Link } from '../fixtures.ts';

const LENGTH = 4;
const { root, links } = deviceWithChain('continuity', LENGTH);
const chain = links.map((link) => link.certificate);
const other = deviceWithChain('another device', 3);

function reasonOf(result: Result<unknown>): string {
  return result.ok ? 'accepted' : result.reason;
}

function content(link: Link): DeviceCertificate {
  const parts = openCertificate(link.certificate);
  if (!parts.ok) throw new Error(parts.reason);
  return parts.value.certificate;
}

/** Epoch `epoch` again, properly signed, but saying something else or vouched for by `voucher`. */
function rewritten(epoch: number, change: Partial<DeviceCertificate>, voucher = links[epoch - 1] as Link): Uint8Array {
  const link = links[epoch] as Link;
  return signCertificate(root, { ...content(link), ...change }, link.operationalKey, voucher.operationalKey);
}

test('a chain and each of its runs verify and give the newest certificate', () => {
  for (let from = 0; from < LENGTH; from++) {
    for (let to = from + 1; to <= LENGTH; to++) {
      expect(verifyContinuity(chain.slice(from, to))).toMatchObject({ ok: true, value: { epoch: to - 1 } });
    }
  }
});

test('a chain with a gap, a repetition, or out of order is refused', () => {
  const pick = (...epochs: number[]) => epochs.map((epoch) => chain[epoch] as Uint8Array);
  expect(reasonOf(verifyContinuity(pick(0, 2)))).toBe('epoch-gap');
  expect(reasonOf(verifyContinuity(pick(0, 1, 3)))).toBe('epoch-gap');
  expect(reasonOf(verifyContinuity(pick(1, 1)))).toBe('epoch-gap');
  expect(reasonOf(verifyContinuity(pick(1, 0)))).toBe('epoch-gap');
  expect(reasonOf(verifyContinuity([]))).toBe('empty-chain');
});

test('a chain of two devices is refused', () => {
  const theirs = other.links.map((link) => link.certificate);
  expect(reasonOf(verifyContinuity([chain[0] as Uint8Array, theirs[1] as Uint8Array]))).toBe('other-device');
});

test('a chain above its limit is refused before any signature is verified', () => {
  const long = Array.from({ length: MAX_CHAIN_CERTIFICATES + 1 }, () => chain[0] as Uint8Array);
  expect(reasonOf(verifyContinuity(long))).toBe('chain-too-long');
});

describe('links', () => {
  test('to another certificate of the same epoch and key is broken', () => {
    const forged = rewritten(2, { previous: sha3_256(rewritten(1, { capabilities: ['other'] })) });
    expect(reasonOf(verifyContinuity([chain[1] as Uint8Array, forged]))).toBe('broken-link');
  });

  test('vouched for by another key of the same device, or by another device, is refused', () => {
    for (const voucher of [links[0], links[2], other.links[1]]) {
      expect(reasonOf(verifyContinuity([chain[1] as Uint8Array, rewritten(2, {}, voucher)]))).toBe('bad-continuity');
    }
  });

  test('from a key to itself is refused', () => {
    const link = links[1] as Link;
    const reused = signCertificate(
      root,
      { ...content(links[2] as Link), key: link.operationalKey.publicKey },
      link.operationalKey,
      link.operationalKey,
    );
    expect(reasonOf(verifyContinuity([chain[1] as Uint8Array, reused]))).toBe('key-reused');
  });

  test('without the root key, the current operational key alone cannot make the next certificate', () => {
    const parts = openCertificate(chain[2] as Uint8Array);
    if (!parts.ok) throw new Error(parts.reason);
    const thief = links[1] as Link;
    const body = flipped(parts.value.signed.body, parts.value.signed.body.length - 40);
    const continuity = ed25519Sign(CONTINUITY_DOMAIN, body, thief.operationalKey.secretKey);
    const forged = encode(signedCertificate, { ...parts.value.signed, body, continuity });
    expect(verifyContinuity([chain[1] as Uint8Array, forged]).ok).toBe(false);
  });

  test('a damaged member names its own fault', () => {
    const damaged = flipped(chain[1] as Uint8Array, (chain[1] as Uint8Array).length - 70);
    expect(reasonOf(verifyContinuity([chain[0] as Uint8Array, damaged]))).toMatch(/^bad-(possession|continuity)$/);
  });
});
