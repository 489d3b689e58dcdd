import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entropy, equalBytes, fromUtf8, isMurmurError, MurmurError, utf8 } from '@murmuration/core';
import { createIdentity, type DeviceIdentity, restoreIdentity, rootKeyToBytes } from '@murmuration/identity';
import { decodeGenesis, type Genesis } from '@murmuration/ledger';

/** Files of a home. Keys are readable by their owner only. */
const FILES = {
  rootKey: 'root.key',
  operationalKey: 'operational.key',
  certificate: 'certificate',
  genesis: 'genesis',
  name: 'name',
  store: 'store.sqlite',
  log: 'log.ndjson',
} as const;
const PRIVATE = 0o600;
/** A year: nobody is there to renew a demo's certificate; an operator rotates earlier. */
const VALID_FOR_MS = 365 * 24 * 3_600_000;

export interface Home {
  readonly folder: string;
  readonly name: string;
  readonly identity: DeviceIdentity;
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
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    write(folder, FILES.name, utf8(name));
    write(folder, FILES.rootKey, rootKeyToBytes(root));
    write(folder, FILES.operationalKey, identity.secretKey);
    write(folder, FILES.certificate, identity.certificateBytes);
  } catch (cause) {
    throw new MurmurError({
      code: 'HOME_FAILED',
      message: `the home ${folder} cannot be written`,
      remedy: 'check that the folder may be written and the disk has room',
      facts: { folder },
      cause,
    });
  }
  return home(folder, name, identity, undefined);
}

export function homeExists(folder: string): boolean {
  return existsSync(join(folder, FILES.certificate));
}

/** @throws HOME_MISSING, HOME_DAMAGED */
export function openHome(folder: string): Home {
  if (!homeExists(folder)) {
    throw new MurmurError({
      code: 'HOME_MISSING',
      message: `${folder} is not the home of a device`,
      remedy: 'check the path, or start a swarm or device there once: that creates the home',
      facts: { folder },
    });
  }
  const name = fromUtf8(read(folder, FILES.name)) ?? 'device';
  return home(folder, name, readIdentity(folder), readGenesis(folder));
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

function readIdentity(folder: string): DeviceIdentity {
  const certificate = read(folder, FILES.certificate);
  const secretKey = read(folder, FILES.operationalKey);
  if (secretKey.length !== 32) throw damaged(folder, FILES.operationalKey, `it has ${secretKey.length} bytes, not 32`);
  try {
    return restoreIdentity(certificate, secretKey);
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

function home(folder: string, name: string, identity: DeviceIdentity, genesis: Genesis | undefined): Home {
  return { folder, name, identity, genesis, storePath: join(folder, FILES.store), logPath: join(folder, FILES.log) };
}

/** Whole or not at all: a crash leaves the old file or the new one. */
function write(folder: string, file: string, bytes: Uint8Array): void {
  const path = join(folder, file);
  writeFileSync(`${path}.new`, bytes, { mode: PRIVATE, flush: true });
  renameSync(`${path}.new`, path);
}

function read(folder: string, file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(join(folder, file)));
  } catch (cause) {
    throw damaged(folder, file, (cause as Error).message);
  }
}

function damaged(folder: string, file: string, why: string): MurmurError {
  return new MurmurError({
    code: 'HOME_DAMAGED',
    message: `the file ${file} of the home ${folder} is damaged: ${why}`,
    remedy: 'restore the home from a backup; without its keys the device cannot be the same again',
    facts: { folder, file },
  });
}
