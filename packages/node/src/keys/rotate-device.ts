import { type DeviceId, equalBytes, MurmurError } from '@murmuration/core';
import { ed25519KeyPair } from '@murmuration/crypto';
import { rootKeyFromBytes, rotateOperationalKey, wipeRootKey } from '@murmuration/identity';
import { replicaSetOf } from '@murmuration/ledger';
import { type Home, openHome, replaceCertificate, requireHome, VALID_FOR_MS } from '../adapters/home.ts';
import { lockHome } from '../adapters/home-lock.ts';
import type { Chain } from '../services/chain.ts';
import { damaged, type ProtectOptions, readDeviceKeys, replaceOperationalKeys, wipeKeys } from './device-keys.ts';

export interface RotateDeviceOptions extends ProtectOptions {
  /** Where the keys are under one. */
  readonly passphrase?: string | undefined;
}

export interface RotatedDevice {
  readonly device: DeviceId;
  /** Of the new certificate. */
  readonly epoch: number;
  readonly notAfterMs: number;
}

/**
 * Gives the device of a home, which must not run, its next operational key: first the key is kept beside the one
 * before it, then a certificate of the root key names it. At its next start the device links under the new key and has
 * the ledger take it, with a command that the key before signs; from that block on no command of the key before counts.
 * A crash between the steps leaves the device as it was, and the next call makes the key anew.
 * @throws HOME_MISSING, HOME_IN_USE, HOME_DAMAGED (also where the root key is kept elsewhere), KEYS_LOCKED,
 * KEYS_REPLICA_FIXED, KEYS_ROTATION_UNFINISHED, and what `readKeyFile` and `writeKeyFile` throw
 */
export function rotateDeviceKey(folder: string, options: RotateDeviceOptions): RotatedDevice {
  requireHome(folder);
  using _ = lockHome(folder);
  const { nowMs, entropy, passphrase } = options;
  const home = openHome(folder, passphrase);
  refuseFixedReplica(home);
  if (home.earlierSigners.length > 0) throw unfinished(home);
  const keys = readDeviceKeys(folder, passphrase);
  if (keys.root === undefined) throw damaged(folder, 'root.key', 'it is not there: bring it back for the rotation');
  const root = rootKeyFromBytes(keys.root);
  if (root.device !== home.identity.device) throw damaged(folder, 'root.key', `it is that of ${root.device}`);
  const next = rotateOperationalKey(entropy, root, home.identity, { nowMs, validForMs: VALID_FOR_MS });
  wipeRootKey(root);
  // A key that a crash left uncertified goes.
  replaceOperationalKeys(folder, [home.identity.secretKey, next.secretKey], options);
  replaceCertificate(folder, next.certificateBytes);
  wipeKeys(keys);
  const { device, epoch, notAfterMs } = next.certificate;
  return { device, epoch, notAfterMs };
}

/**
 * Drops the operational keys that nothing needs any more: those before the one that the ledger names, unless the
 * device still votes under them, and what a crash left uncertified.
 * @returns how many are gone
 */
export function forgetEarlierKeys(home: Home, chain: Chain, options: RotateDeviceOptions): number {
  const { folder, identity } = home;
  const named = chain.ledger.device(identity.device)?.key;
  if (home.earlierSigners.length === 0 || named === undefined || !equalBytes(named, identity.certificate.key)) return 0;
  const keys = readDeviceKeys(folder, options.passphrase);
  const current = chain.epochAt(Math.max(1, chain.height)).baseHeight;
  const seats = chain.epochs.filter(({ baseHeight }) => baseHeight >= current).flatMap(({ set }) => set.replicas);
  const needed = [named, ...seats.filter(({ device }) => device === identity.device).map(({ key }) => key)];
  const kept = keys.operational.filter((secret) => {
    const { publicKey } = ed25519KeyPair(secret);
    return needed.some((key) => equalBytes(key, publicKey));
  });
  const gone = keys.operational.length - kept.length;
  if (gone > 0) replaceOperationalKeys(folder, kept, options);
  wipeKeys(keys);
  return gone;
}

/** A swarm whose replicas never change knows each by one key, and counts its votes under no other. */
function refuseFixedReplica({ folder, genesis, identity: { device } }: Home): void {
  if (genesis === undefined || genesis.lookahead !== undefined) return;
  if (!replicaSetOf(genesis).replicas.some((replica) => replica.device === device)) return;
  throw new MurmurError({
    code: 'KEYS_REPLICA_FIXED',
    message: `the device of ${folder} is a replica of a swarm whose replicas never change: it votes with its first key for life`,
    remedy:
      'make the swarm with swarm.changingReplicas, where replicas rotate too; in this one, where the key is known to others, stop the device and go on with one replica less',
    facts: { folder, device },
  });
}

function unfinished({ folder, identity }: Home): MurmurError {
  const { epoch } = identity.certificate;
  return new MurmurError({
    code: 'KEYS_ROTATION_UNFINISHED',
    message: `the home ${folder} still needs the key before that of epoch ${epoch}: its ledger had not replaced it, or it votes under it`,
    remedy: 'start the device until its log says key-registered, then once more; after that it can rotate again',
    facts: { folder, epoch },
  });
}
