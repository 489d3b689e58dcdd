import { equalBytes, isMurmurError, toHex, utf8 } from '@murmuration/core';
import { ed25519Verify } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import {
  CLOCK_TOLERANCE_MS,
  checkValidity,
  createIdentity,
  readCertificate,
  restoreIdentity,
  rotateOperationalKey,
  verifyContinuity,
} from '../../src/index.ts';
import { DAY_MS, flipped, NOW_MS, replayedEntropy } from '../fixtures.ts';

const options = { nowMs: NOW_MS, validForMs: DAY_MS, capabilities: ['train', 'replica'] };
const { root, identity } = createIdentity(replayedEntropy('identity'), options);

test('a new identity signs with the key that its certificate names', () => {
  const signature = identity.signer.sign('murmur/test/1', utf8('hello'));
  expect(ed25519Verify('murmur/test/1', utf8('hello'), signature, identity.certificate.key)).toBe(true);
  expect(identity.device).toBe(root.device);
  expect(identity.certificate.capabilities).toEqual(['replica', 'train']);
  expect(readCertificate(identity.certificateBytes).ok).toBe(true);
});

test('a certificate holds at once, also for peers whose clock is a minute behind, and for as long as asked', () => {
  const { certificate } = identity;
  expect(checkValidity(certificate, NOW_MS - CLOCK_TOLERANCE_MS).ok).toBe(true);
  expect(checkValidity(certificate, NOW_MS - CLOCK_TOLERANCE_MS - 1)).toMatchObject({ reason: 'not-yet-valid' });
  expect(checkValidity(certificate, NOW_MS + DAY_MS - 1).ok).toBe(true);
  expect(checkValidity(certificate, NOW_MS + DAY_MS)).toMatchObject({ reason: 'expired' });
});

test('the same entropy gives the same identity bit for bit, other entropy another device', () => {
  const again = createIdentity(replayedEntropy('identity'), options).identity;
  expect(equalBytes(again.certificateBytes, identity.certificateBytes)).toBe(true);
  expect(createIdentity(replayedEntropy('other'), options).identity.device).not.toBe(identity.device);
});

test('rotation keeps the device, its capabilities and its continuity, under a new key', () => {
  const entropy = replayedEntropy('rotation');
  const chain = [identity];
  for (let i = 1; i <= 3; i++) {
    chain.push(
      rotateOperationalKey(entropy, root, chain.at(-1) as typeof identity, { ...later(i), validForMs: DAY_MS }),
    );
  }
  expect(chain.map(({ certificate }) => certificate.epoch)).toEqual([0, 1, 2, 3]);
  expect(new Set(chain.map(({ certificate }) => toHex(certificate.key))).size).toBe(4);
  expect(new Set(chain.map(({ device }) => device)).size).toBe(1);
  expect(chain.at(-1)?.certificate.capabilities).toEqual(['replica', 'train']);
  expect(verifyContinuity(chain.map(({ certificateBytes }) => certificateBytes)).ok).toBe(true);
});

function later(days: number): { nowMs: number } {
  return { nowMs: NOW_MS + days * DAY_MS };
}

test('rotation changes capabilities where asked', () => {
  const rotated = rotateOperationalKey(replayedEntropy('r'), root, identity, { ...options, capabilities: [] });
  expect(rotated.certificate.capabilities).toEqual([]);
});

test("another device's root key cannot rotate this one's", () => {
  const other = createIdentity(replayedEntropy('other'), options);
  expect(() => rotateOperationalKey(replayedEntropy('r'), other.root, identity, options)).toThrow(
    expect.objectContaining({ code: 'IDENTITY_BAD_PREVIOUS' }),
  );
});

test('a stored identity comes back from its certificate and secret key', () => {
  const restored = restoreIdentity(identity.certificateBytes, identity.secretKey);
  expect(restored.device).toBe(identity.device);
  expect(restored.certificate).toEqual(identity.certificate);
  expect(toHex(restored.signer.sign('d', utf8('m')))).toBe(toHex(identity.signer.sign('d', utf8('m'))));
});

test('a stored identity whose parts do not belong together is refused, without a secret in the error', () => {
  const secret = toHex(identity.secretKey);
  const other = createIdentity(replayedEntropy('other'), options).identity;
  for (const restore of [
    () => restoreIdentity(flipped(identity.certificateBytes, 100), identity.secretKey),
    () => restoreIdentity(other.certificateBytes, identity.secretKey),
    () => restoreIdentity(identity.certificateBytes, flipped(identity.secretKey, 0)),
  ]) {
    try {
      restore();
      expect.unreachable();
    } catch (error) {
      if (!isMurmurError(error, 'IDENTITY_DAMAGED')) throw error;
      expect([error.message, error.remedy, JSON.stringify(error.facts), error.stack].join('\n')).not.toContain(secret);
    }
  }
});

test('a validity below one millisecond is refused', () => {
  for (const validForMs of [0, -1, 0.5, Number.NaN]) {
    expect(() => createIdentity(replayedEntropy('v'), { nowMs: NOW_MS, validForMs })).toThrow(
      expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }),
    );
  }
});
