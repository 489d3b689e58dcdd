import { accept, bytes, bytesUpTo, encode, list, MurmurError, refuse, struct } from '@murmuration/core';
import { ranges } from '../bulletproofs/range.ts';
import { type Point, scalarFromWide, scalars } from '../group/group.ts';
import { type Opening, VALUE_BASE } from '../group/pedersen.ts';
import { readCredential } from '../presentation/credential.ts';
import type { Predicate } from '../presentation/presentation.ts';
import { oneOutOfMany } from '../sigma/one-out-of-many.ts';
import { Transcript } from '../transcript/transcript.ts';
import { between } from './bounds.ts';
import { distinctValues } from './distinct.ts';

const ID = 'network-policy';
export const MIN_HOPS = 3;
export const MAX_HOPS = 8;
export const MIN_NETWORKS = 3;
const MAX_DESTINATIONS = 256;
const MAX_NAME_BYTES = 256;
const MAX_ASN = 2 ** 32 - 1;

/** Public. */
export interface NetworkPolicyStatement {
  /** Ed25519 key of who measured the path: trusted by the verifier. */
  readonly attester: Uint8Array;
  /** Its credential over destination, hops and eight networks. */
  readonly credential: Uint8Array;
  /** Names the session: 32 bytes. */
  readonly session: Uint8Array;
  /** 1 to 256 destinations, up to 256 bytes each. */
  readonly allowList: readonly Uint8Array[];
}

/** Openings of the credential, in its order: destination, hops, networks. */
export interface NetworkPolicySecrets {
  readonly openings: readonly Opening[];
}

const schema = struct({
  attester: bytes(32),
  credential: bytesUpTo(4096),
  session: bytes(32),
  allowList: list(bytesUpTo(MAX_NAME_BYTES), MAX_DESTINATIONS),
});

/**
 * The attester signed, for this holder and session, commitments D, H and A₁…A₈, and
 * 1. D holds a destination of the allow-list,
 * 2. H holds a number of hops from 3 to 8,
 * 3. at least three of A₁…A₈ hold AS numbers that are not zero and pairwise distinct.
 *
 * Neither which destination nor how many hops nor which networks is shown. That the commitments hold the path that
 * was taken, and zero in the places past the last hop, is the attester's word, not proven.
 */
export const networkPolicy: Predicate<NetworkPolicyStatement, NetworkPolicySecrets> = {
  id: ID,
  statementBytes: (statement) => encode(schema, statement),
  read: ({ attester, credential, session, allowList }, secrets) => {
    const isSized = allowList.length >= 1 && allowList.length <= MAX_DESTINATIONS;
    if (!isSized || allowList.some(({ length }) => length > MAX_NAME_BYTES))
      return refuse('bad-statement', 'allow-list');
    const attested = readCredential(credential, attester, { predicate: ID, subject: session });
    if (!attested.ok) return attested;
    const { holder, commitments } = attested.value;
    if (commitments.length !== 2 + MAX_HOPS) return refuse('bad-credential', 'not ten commitments');
    const [destination, hops, ...networks] = commitments as [Point, Point, ...Point[]];
    const known = allowList.map(destinationScalar);
    const members = known.map((scalar) => [
      { scalar: 1n, point: destination },
      { scalar: scalars.neg(scalar), point: VALUE_BASE },
    ]);
    const [ofDestination, ofHops, ...ofNetworks] = secrets?.openings ?? [];
    const member = ofDestination && {
      index: Math.max(0, known.indexOf(ofDestination.value)),
      blinding: ofDestination.blinding,
    };
    const witness = secrets && { openings: ofNetworks, chosen: chooseDistinct(ofNetworks) };
    const clauses = [
      oneOutOfMany('destination is on the allow-list', members, member),
      ranges('hops are 3 to 8', [between(hops, BigInt(MIN_HOPS), BigInt(MAX_HOPS), ofHops)]),
      distinctValues('three networks are distinct', networks, MIN_NETWORKS, witness),
    ];
    return accept({ holder, subject: session, clauses });
  },
  falseClause: ({ allowList }, { openings }) => {
    const [destination, hops, ...networks] = openings;
    if (!allowList.some((name) => destinationScalar(name) === destination?.value)) return 'destination not allowed';
    if (hops === undefined || hops.value < MIN_HOPS || hops.value > MAX_HOPS) return 'hops are not 3 to 8';
    const distinct = new Set(networks.map(({ value }) => value).filter((value) => value !== 0n));
    return distinct.size < MIN_NETWORKS ? 'fewer than three distinct networks' : undefined;
  },
};

/** A path, as an attester measured it. */
export interface NetworkPath {
  readonly destination: Uint8Array;
  /** AS number of each hop, 3 to 8 of them, each from 1 to 2^32 - 1. */
  readonly networks: readonly number[];
}

/** What an attester commits to in a credential. @throws PRIVACY_BAD_ATTRIBUTES */
export function networkPathValues({ destination, networks }: NetworkPath): bigint[] {
  const bad = networks.findIndex((asn) => !Number.isInteger(asn) || asn < 1 || asn > MAX_ASN);
  if (networks.length < 1 || networks.length > MAX_HOPS || bad >= 0) {
    throw new MurmurError({
      code: 'PRIVACY_BAD_ATTRIBUTES',
      // Not the numbers themselves: they are what the credential will hide.
      message: `a path of ${networks.length} networks cannot be attested${bad >= 0 ? `: that of hop ${bad + 1} is no AS number` : ''}`,
      remedy: `give 1 to ${MAX_HOPS} AS numbers from 1 to ${MAX_ASN}, one for each hop`,
      facts: { hops: networks.length },
    });
  }
  const padded = Array.from({ length: MAX_HOPS }, (_, i) => BigInt(networks[i] ?? 0));
  return [destinationScalar(destination), BigInt(networks.length), ...padded];
}

export function destinationScalar(name: Uint8Array): bigint {
  const transcript = new Transcript('destination');
  transcript.absorb('name', name);
  return scalarFromWide(transcript.bytes(64));
}

/** The first places whose values are distinct and not zero, filled up with place 0 where there are too few. */
function chooseDistinct(networks: readonly Opening[]): number[] {
  const seen = new Set<bigint>([0n]);
  const chosen: number[] = [];
  for (const [i, { value }] of networks.entries()) {
    if (seen.has(value) || chosen.length === MIN_NETWORKS) continue;
    seen.add(value);
    chosen.push(i);
  }
  return Array.from({ length: MIN_NETWORKS }, (_, k) => chosen[k] ?? 0);
}
