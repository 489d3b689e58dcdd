import type { ReplicaSet } from '@murmuration/consensus';
import {
  accept,
  bytes,
  bytesUpTo,
  type DeviceId,
  decodeCanonical,
  encode,
  integer,
  list,
  MurmurError,
  type Result,
  refuse,
  type Schema,
  struct,
  text,
  uint,
  utf8,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { MAX_CERTIFICATE_BYTES, readCertificate, type VerifiedCertificate } from '@murmuration/identity';
import { MAX_LOOKAHEAD, MAX_NAME_CHARS, MAX_REPLICAS } from './limits.ts';

/** What a chain starts from. Its hash is the chain's name, so whoever knows the name can check all of it. */
export interface Genesis {
  readonly name: string;
  /** Unix milliseconds; block time never goes below it. */
  readonly createdMs: number;
  /** 32 bytes that nobody could choose alone, for draws by later modules. */
  readonly seed: Uint8Array;
  /** Certificates of the replicas; a replica's number is its position. */
  readonly replicas: readonly Uint8Array[];
  /** A name for each replica. */
  readonly names: readonly string[];
  /** Id of the fee policy. @default absent: everything is free */
  readonly fees?: string;
  /**
   * Heights after which a change of replicas takes effect: the lookahead of the consensus engine, 1 to 1,024.
   * @default absent: the replicas never change
   */
  readonly lookahead?: number;
}

const CHAIN_ID_DOMAIN = utf8('murmur/ledger/chain-id/1');

const fields = {
  name: text(MAX_NAME_CHARS),
  createdMs: uint,
  seed: bytes(32),
  replicas: list(bytesUpTo(MAX_CERTIFICATE_BYTES), MAX_REPLICAS),
  names: list(text(MAX_NAME_CHARS), MAX_REPLICAS),
};
const freeSchema = struct(fields);
const pricedSchema = struct({ ...fields, fees: text(64) });
/** Where the replicas may change the fees are always named, if only as ''. */
const changingSchema = struct({ ...fields, fees: text(64), lookahead: integer(1, MAX_LOOKAHEAD) });
const FEES_ID = /^[a-z0-9./-]{1,64}$/;

/** A genesis has no field after the last one that it sets. */
export const genesisSchema: Schema<Genesis> = {
  toWire: (genesis) => {
    const { fees, lookahead } = genesis;
    if (lookahead !== undefined) return changingSchema.toWire({ ...genesis, fees: fees ?? '', lookahead });
    return fees === undefined ? freeSchema.toWire(genesis) : pricedSchema.toWire({ ...genesis, fees });
  },
  fromWire: (wire, path) => {
    const extra = Array.isArray(wire) ? wire.length - Object.keys(fields).length : 0;
    if (extra < 2) return (extra === 1 ? pricedSchema : freeSchema).fromWire(wire, path);
    const { fees, ...genesis } = changingSchema.fromWire(wire, path);
    return fees === '' ? genesis : { ...genesis, fees };
  },
};

export function encodeGenesis(genesis: Genesis): Uint8Array {
  return encode(genesisSchema, genesis);
}

/** A genesis that was checked. */
export interface VerifiedGenesis {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
  /** The replicas' certificates, read. */
  readonly replicas: readonly VerifiedCertificate[];
}

/**
 * Reads a genesis that a peer chose and checks it: refused as `no-replicas`, `names-do-not-match`,
 * `bad-certificate`, `device-twice`, `key-twice`, `bad-fees`, or with a reason of decoding.
 */
export function decodeGenesis(wire: Uint8Array): Result<VerifiedGenesis> {
  const decoded = decodeCanonical(genesisSchema, wire, { maxBytes: MAX_CERTIFICATE_BYTES * MAX_REPLICAS });
  if (!decoded.ok) return decoded;
  const replicas = readReplicas(decoded.value);
  if (!replicas.ok) return replicas;
  return accept({ genesis: decoded.value, chainId: chainIdOf(decoded.value), replicas: replicas.value });
}

/** The caller's own genesis. @throws LEDGER_GENESIS_INVALID */
export function verifyGenesis(genesis: Genesis): VerifiedGenesis {
  const read = decodeGenesis(encodeGenesis(genesis));
  if (read.ok) return read.value;
  throw new MurmurError({
    code: 'LEDGER_GENESIS_INVALID',
    message: `the genesis "${genesis.name}" cannot start a chain: ${read.detail ?? read.reason}`,
    remedy: 'make a genesis of valid certificates, one for each replica, and give every device the same one',
    facts: { reason: read.reason },
  });
}

/** @returns 32 bytes: the hash of the genesis */
export function chainIdOf(genesis: Genesis): Uint8Array {
  return sha3_256(CHAIN_ID_DOMAIN, encodeGenesis(genesis));
}

/** The first replica set, epoch 0. @throws LEDGER_GENESIS_INVALID */
export function replicaSetOf(genesis: Genesis): ReplicaSet {
  const { chainId, replicas } = verifyGenesis(genesis);
  return { chainId, epoch: 0, replicas: replicas.map(({ device, key }) => ({ device, key })) };
}

function readReplicas(genesis: Genesis): Result<readonly VerifiedCertificate[]> {
  if (genesis.replicas.length === 0) return refuse('no-replicas');
  if (genesis.fees !== undefined && !FEES_ID.test(genesis.fees)) return refuse('bad-fees', genesis.fees);
  if (genesis.names.length !== genesis.replicas.length) {
    return refuse('names-do-not-match', `${genesis.names.length} names, ${genesis.replicas.length} replicas`);
  }
  const certificates: VerifiedCertificate[] = [];
  const seen = new Set<DeviceId | string>();
  for (const [i, wire] of genesis.replicas.entries()) {
    const certificate = readCertificate(wire);
    if (!certificate.ok) return refuse('bad-certificate', `replica ${i}: ${certificate.reason}`);
    const { device, key } = certificate.value;
    if (seen.has(device)) return refuse('device-twice', device);
    // Two replicas with one key could not be told apart by their signatures.
    if (seen.has(key.join())) return refuse('key-twice', device);
    seen.add(device).add(key.join());
    certificates.push(certificate.value);
  }
  return accept(certificates);
}
