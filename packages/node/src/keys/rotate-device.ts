import { type DeviceId, equalBytes, MurmurError } from '@murmuration/core';
import { ed25519KeyPair } from '@murmuration/crypto';
import { type RootKey, rootKeyFromBytes, rotateOperationalKey, wipeRootKey } from '@murmuration/identity';
import { replicaSetOf } from '@murmuration/ledger';
import { type Home, openHome, replaceCertificate, requireHome, VALID_FOR_MS } from '../adapters/home.ts';
import { lockHome } from '../adapters/home-lock.ts';
import {
  type DeviceKeys,
  damaged,
  type ProtectOptions,
  readDeviceKeys,
  replaceOperationalKeys,
  wipeKeys,
} from './device-keys.ts';

export interface RotateDeviceOptions extends ProtectOptions {
  /** Where the keys are under one. */
  readonly passphrase?: string | undefined;
  /**
   * Also rotates a replica of a swarm whose replicas never change: what signs its commands and links is new, what signs
   * its votes stays. @default false
   */
  readonly keepsVote?: boolean;
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
  const vote = fixedVote(home);
  if (vote !== undefined && options.keepsVote !== true) throw fixedReplica(home);
  const isVote = (key: Uint8Array) => vote !== undefined && equalBytes(key, vote);
  if (home.earlierSigners.some(({ publicKey }) => !isVote(publicKey))) throw unfinished(home);
  const keys = readDeviceKeys(folder, passphrase);
  const root = rootOf(home, keys);
  const next = rotateOperationalKey(entropy, root, home.identity, { nowMs, validForMs: VALID_FOR_MS });
  wipeRootKey(root);
  const current = home.identity.certificate.key;
  // A key that a crash left uncertified goes.
  const kept = keys.operational.filter((secret) => {
    const { publicKey } = ed25519KeyPair(secret);
    return isVote(publicKey) || equalBytes(publicKey, current);
  });
  replaceOperationalKeys(folder, [...kept, next.secretKey], options);
  replaceCertificate(folder, next.certificateBytes);
  wipeKeys(keys);
  const { device, epoch, notAfterMs } = next.certificate;
  return { device, epoch, notAfterMs };
}

function rootOf({ folder, identity }: Home, { root: file }: DeviceKeys): RootKey {
  if (file === undefined) throw damaged(folder, 'root.key', 'it is not there: bring it back for the rotation');
  const root = rootKeyFromBytes(file);
  if (root.device !== identity.device) throw damaged(folder, 'root.key', `it is that of ${root.device}`);
  return root;
}

/** A swarm whose replicas never change knows each by one key, and counts its votes under no other. */
function fixedVote({ genesis, identity: { device } }: Home): Uint8Array | undefined {
  if (genesis === undefined || genesis.lookahead !== undefined) return undefined;
  return replicaSetOf(genesis).replicas.find((replica) => replica.device === device)?.key;
}

function fixedReplica({ folder, identity: { device } }: Home): MurmurError {
  return new MurmurError({
    code: 'KEYS_REPLICA_FIXED',
    message: `the device of ${folder} is a replica of a swarm whose replicas never change: it votes with its first key for life`,
    remedy:
      'where the certificate is to be renewed: rotate with --keeps-vote, which leaves that key in the home; where others know the key: stop the device, or make the swarm with swarm.changingReplicas, where replicas rotate',
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
