import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entropy, equalBytes, fromUtf8, isMurmurError, MurmurError, utf8 } from '@murmuration/core';
import { createSigner, type Signer } from '@murmuration/crypto';
import {
  createIdentity,
  type DeviceCertificate,
  type DeviceIdentity,
  readCertificate,
  restoreIdentity,
  rootKeyToBytes,
} from '@murmuration/identity';
import { decodeGenesis, type Genesis } from '@murmuration/ledger';
import { type DeviceKeys, damaged, readDeviceKeys, wipeKeys, writeClearKeys } from '../keys/device-keys.ts';
import { replaceFile } from '../keys/durable-file.ts';

/** Files of a home beside those of its keys, all readable by their owner only. */
const FILES = {
  certificate: 'certificate',
  genesis: 'genesis',
  name: 'name',
  store: 'store.sqlite',
  log: 'log.ndjson',
} as const;
/** A year: nobody is there to renew a demo's certificate; an operator rotates earlier. */
export const VALID_FOR_MS = 365 * 24 * 3_600_000;

export interface Home {
  readonly folder: string;
  readonly name: string;
  readonly identity: DeviceIdentity;
  /** Of the operational keys that the home holds besides: those before this one, until nothing needs them. */
  readonly earlierSigners: readonly Signer[];
  /** Undefined until the home belongs to a swarm. */
  readonly genesis: Genesis | undefined;
  readonly storePath: string;
  readonly logPath: string;
}

export interface CreateHomeOptions {
  readonly folder: string;
  readonly name: string;
  readonly nowMs: number;
}

/** Creates keys and certificate. @throws HOME_EXISTS, HOME_FAILED */
export function createHome(entropy: Entropy, options: CreateHomeOptions): Home {
  const { folder, name, nowMs } = options;
  if (existsSync(join(folder, FILES.certificate))) {
    throw new MurmurError({
      code: 'HOME_EXISTS',
      message: `${folder} already is the home of a device`,
      remedy: 'start that device, or name another folder: a device keeps its keys for life',
      facts: { folder },
    });
  }
  const { root, identity } = createIdentity(entropy, {
    nowMs,
    validForMs: VALID_FOR_MS,
    capabilities: ['replica', 'train'],
  });
  const keys = { root: rootKeyToBytes(root), operational: [identity.secretKey] };
  writeHome(folder, { name, keys, certificate: identity.certificateBytes });
  return home(folder, name, { identity, earlierSigners: [] }, undefined);
}

/** The certificate comes last: it makes the folder a home. @throws HOME_FAILED */
export function writeHome(folder: string, home: { name: string; keys: DeviceKeys; certificate: Uint8Array }): void {
  try {
    write(folder, FILES.name, utf8(home.name));
    writeClearKeys(folder, home.keys);
    replaceCertificate(folder, home.certificate);
  } catch (cause) {
    throw new MurmurError({
      code: 'HOME_FAILED',
      message: `the home ${folder} cannot be written`,
      remedy: 'check that the folder may be written and the disk has room',
      facts: { folder },
      cause,
    });
  }
}

/** What a home's certificate says, which is no secret. @throws HOME_MISSING, HOME_DAMAGED */
export function certificateOfHome(folder: string): DeviceCertificate {
  requireHome(folder);
  const certificate = readCertificate(read(folder, FILES.certificate));
  if (certificate.ok) return certificate.value;
  throw damaged(folder, FILES.certificate, certificate.reason);
}

/** From here on the home works with the operational key that this names. */
export function replaceCertificate(folder: string, certificate: Uint8Array): void {
  write(folder, FILES.certificate, certificate);
}

export function homeExists(folder: string): boolean {
  return existsSync(join(folder, FILES.certificate));
}

/**
 * @param passphrase where `areKeysProtected`
 * @throws HOME_MISSING, HOME_DAMAGED, KEYS_LOCKED, and what `readKeyFile` throws
 */
export function openHome(folder: string, passphrase?: string): Home {
  requireHome(folder);
  const name = fromUtf8(read(folder, FILES.name)) ?? 'device';
  const keys = readDeviceKeys(folder, passphrase);
  try {
    return home(folder, name, identify(folder, keys), readGenesis(folder));
  } finally {
    wipeKeys(keys);
  }
}

/** @throws HOME_MISSING */
export function requireHome(folder: string): void {
  if (homeExists(folder)) return;
  throw new MurmurError({
    code: 'HOME_MISSING',
    message: `${folder} is not the home of a device`,
    remedy: 'check the path, or start a swarm or device there once: that creates the home',
    facts: { folder },
  });
}

/** Makes the home part of a swarm, for life. @throws HOME_OTHER_SWARM where it is part of another */
export function joinSwarm(folder: string, genesisBytes: Uint8Array): void {
  const path = join(folder, FILES.genesis);
  if (!existsSync(path)) {
    write(folder, FILES.genesis, genesisBytes);
    return;
  }
  if (equalBytes(read(folder, FILES.genesis), genesisBytes)) return;
  throw new MurmurError({
    code: 'HOME_OTHER_SWARM',
    message: `the home ${folder} belongs to another swarm`,
    remedy: 'use a home of its own for each swarm',
    facts: { folder },
  });
}

/** The key that the certificate names, and those that were there before it. Copies what it keeps. */
function identify(folder: string, { operational }: DeviceKeys): Pick<Home, 'identity' | 'earlierSigners'> {
  const certificate = read(folder, FILES.certificate);
  const named = readCertificate(certificate);
  const signers = operational.map((secret) => createSigner(secret));
  const at = named.ok ? signers.findIndex(({ publicKey }) => equalBytes(publicKey, named.value.key)) : 0;
  try {
    const identity = restoreIdentity(certificate, operational[Math.max(0, at)] as Uint8Array);
    return { identity, earlierSigners: signers.slice(0, at) };
  } catch (error) {
    if (isMurmurError(error)) throw damaged(folder, FILES.certificate, error.message);
    throw error;
  }
}

function readGenesis(folder: string): Genesis | undefined {
  if (!existsSync(join(folder, FILES.genesis))) return undefined;
  const decoded = decodeGenesis(read(folder, FILES.genesis));
  if (!decoded.ok) throw damaged(folder, FILES.genesis, decoded.reason);
  return decoded.value.genesis;
}

function home(
  folder: string,
  name: string,
  keys: Pick<Home, 'identity' | 'earlierSigners'>,
  genesis: Genesis | undefined,
): Home {
  return { folder, name, ...keys, genesis, storePath: join(folder, FILES.store), logPath: join(folder, FILES.log) };
}

function write(folder: string, file: string, bytes: Uint8Array): void {
  replaceFile(join(folder, file), bytes);
}

function read(folder: string, file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(join(folder, file)));
  } catch (cause) {
    throw damaged(folder, file, (cause as Error).message);
  }
}
