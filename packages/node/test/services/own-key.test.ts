import { deviceIdFromDigest, utf8 } from '@murmuration/core';
import { createSigner, ed25519Verify, sha3_256 } from '@murmuration/crypto';
import type { DeviceIdentity } from '@murmuration/identity';
import type { DeviceEntry } from '@murmuration/ledger';
import { expect, test } from 'vitest';
import { ledgerSigner } from '../../src/services/own-key.ts';

const [earlier, newest] = ['earlier', 'newest'].map((name) => createSigner(sha3_256(utf8(name))));
const MESSAGE = utf8('a message');
const device = deviceIdFromDigest(sha3_256(utf8('device')));

test('what peers check against the ledger is signed with the key that the ledger names, from use to use', () => {
  if (earlier === undefined || newest === undefined) throw new Error('two signers');
  const identity: Pick<DeviceIdentity, 'device' | 'signer'> = { device, signer: newest };
  let named: Pick<DeviceEntry, 'key'> | undefined;
  const chain = { ledger: { device: () => named as DeviceEntry | undefined } };
  const signer = ledgerSigner({ identity: identity as DeviceIdentity, earlierSigners: [earlier] }, chain);
  const counts = (by: { readonly publicKey: Uint8Array }) =>
    ed25519Verify('murmur/test/1', MESSAGE, signer.sign('murmur/test/1', MESSAGE), by.publicKey);
  expect([signer.publicKey, counts(newest)]).toEqual([newest.publicKey, true]);
  named = { key: earlier.publicKey };
  expect([signer.publicKey, counts(earlier), counts(newest)]).toEqual([earlier.publicKey, true, false]);
  // Another ledger, as after a snapshot.
  chain.ledger = { device: () => ({ key: newest.publicKey }) as DeviceEntry };
  expect([signer.publicKey, counts(newest), counts(earlier)]).toEqual([newest.publicKey, true, false]);
});
