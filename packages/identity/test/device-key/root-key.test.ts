import { concatBytes, deviceIdFromDigest, isMurmurError, parseDeviceId, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { createRootKey, deviceIdOf, rootKeyFromBytes, rootKeyToBytes, wipeRootKey } from '../../src/index.ts';
import { flipped, replayedEntropy } from '../fixtures.ts';

const root = createRootKey(replayedEntropy('root'));
const file = rootKeyToBytes(root);

test('a device id is the multihash of SHA3-256 over the Ed25519 and then the ML-DSA-65 public key', () => {
  expect(parseDeviceId(root.device)).toBe(root.device);
  expect(root.device).toBe(deviceIdOf(root.publicKey));
  const digest = sha3_256(concatBytes(root.publicKey.ed25519, root.publicKey.mlDsa65));
  expect(deviceIdFromDigest(digest)).toBe(root.device);
  const { ed25519, mlDsa65 } = root.publicKey;
  expect(deviceIdOf({ ed25519: flipped(ed25519, 0), mlDsa65 })).not.toBe(root.device);
  expect(deviceIdOf({ ed25519, mlDsa65: flipped(mlDsa65, 1951) })).not.toBe(root.device);
});

test('two draws give two devices, and the two seeds of one are independent', () => {
  const other = createRootKey(replayedEntropy('other root'));
  expect(other.device).not.toBe(root.device);
  expect(toHex(other.secretKey.ed25519)).not.toBe(toHex(other.secretKey.mlDsa65));
});

test('the key file gives the same root key back', () => {
  const read = rootKeyFromBytes(file);
  expect(read.device).toBe(root.device);
  expect(toHex(read.secretKey.ed25519)).toBe(toHex(root.secretKey.ed25519));
  expect(toHex(read.secretKey.mlDsa65)).toBe(toHex(root.secretKey.mlDsa65));
});

test('every truncation, every extension and every flipped bit of the key file is refused', () => {
  const damaged: Uint8Array[] = [
    new Uint8Array(0),
    concatBytes(file, Uint8Array.of(0)),
    new Uint8Array(300).fill(0x91),
  ];
  for (let length = 0; length < file.length; length++) damaged.push(file.subarray(0, length));
  for (let bit = 0; bit < file.length * 8; bit++) damaged.push(flipped(file, bit >> 3, 1 << (bit & 7)));
  for (const bytes of damaged) {
    expect(() => rootKeyFromBytes(bytes)).toThrow(expect.objectContaining({ code: 'IDENTITY_ROOT_KEY_DAMAGED' }));
  }
});

test('the error for a damaged key file holds no byte of the key', () => {
  const secrets = [root.secretKey.ed25519, root.secretKey.mlDsa65].flatMap((seed) => [
    toHex(seed.subarray(0, 4)),
    [...seed.subarray(0, 4)].join(','),
  ]);
  try {
    rootKeyFromBytes(flipped(file, file.length - 1));
    expect.unreachable();
  } catch (error) {
    if (!isMurmurError(error)) throw error;
    const told = [error.message, error.remedy, JSON.stringify(error.facts), error.stack, String(error.cause)].join(
      '\n',
    );
    for (const secret of secrets) expect(told).not.toContain(secret);
    expect(error.remedy).toContain('backup');
  }
});

test('a wiped root key holds zeros only', () => {
  const short = createRootKey(replayedEntropy('to wipe'));
  wipeRootKey(short);
  expect([...short.secretKey.ed25519, ...short.secretKey.mlDsa65].every((byte) => byte === 0)).toBe(true);
});
