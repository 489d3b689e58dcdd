import { concatBytes, utf8 } from '@murmuration/core';
import { vrfProve, vrfSample, vrfVerify } from '@murmuration/crypto';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import type { SampleSizes } from './parameters.ts';

export type SamplePhase = 'prepare' | 'commit';

/** Which vote a sample is for. */
export interface SamplePlace {
  readonly height: number;
  readonly view: number;
  readonly phase: SamplePhase;
}

const DOMAIN = utf8('murmur/consensus/probft/sample/1');

/** What the sender's function is asked: domain ‖ chain id ‖ epoch ‖ height ‖ view ‖ phase. Nothing a sender chooses. */
function question(set: Pick<ReplicaSet, 'chainId' | 'epoch'>, { height, view, phase }: SamplePlace): Uint8Array {
  const place = new Uint8Array(25);
  const at = new DataView(place.buffer);
  at.setBigUint64(0, BigInt(set.epoch));
  at.setBigUint64(8, BigInt(height));
  at.setBigUint64(16, BigInt(view));
  place[24] = phase === 'prepare' ? 1 : 2;
  return concatBytes(DOMAIN, set.chainId, place);
}

/** The verifiable random function, so that a host of many replicas may remember what it has computed. */
export interface SampleFunction {
  readonly prove: typeof vrfProve;
  readonly verify: typeof vrfVerify;
}

export const PLAIN_FUNCTION: SampleFunction = { prove: vrfProve, verify: vrfVerify };

export function proveSample(
  secretKey: Uint8Array,
  set: ReplicaSet,
  place: SamplePlace,
  { prove } = PLAIN_FUNCTION,
): Uint8Array {
  return prove(secretKey, question(set, place));
}

/** Whether this is the one proof that a replica can give at this place. @param publicKey of its random function */
export function sampleProofHolds(
  publicKey: Uint8Array,
  chain: Pick<ReplicaSet, 'chainId' | 'epoch'>,
  place: SamplePlace,
  proof: Uint8Array,
  { verify } = PLAIN_FUNCTION,
): boolean {
  return verify(publicKey, question(chain, place), proof) !== undefined;
}

/** @returns the replicas that a vote of this key goes to; undefined where the proof is not one */
export function verifySample(
  publicKey: Uint8Array,
  set: ReplicaSet,
  sizes: SampleSizes,
  place: SamplePlace,
  proof: Uint8Array,
  { verify } = PLAIN_FUNCTION,
): ReadonlySet<number> | undefined {
  const beta = verify(publicKey, question(set, place), proof);
  return beta === undefined ? undefined : new Set(vrfSample(beta, sizes.n, sizes.s));
}

/** Checks whether a sender's sample holds a receiver. */
export type HoldsReceiver = (replica: number, place: SamplePlace, proof: Uint8Array, receiver: number) => boolean;

/**
 * A check of a proof costs 3 ms, and there is one proof for each sender, view and phase: what was checked is kept.
 * @param max samples remembered
 */
export function sampleChecker(
  set: ReplicaSet,
  sizes: SampleSizes,
  publicKeys: readonly Uint8Array[],
  max: number,
  fn: SampleFunction = PLAIN_FUNCTION,
): HoldsReceiver {
  const known = new Map<string, { readonly proof: Uint8Array; readonly sample: ReadonlySet<number> }>();
  return (replica, place, proof, receiver) => {
    const name = `${replica} ${place.height} ${place.view} ${place.phase}`;
    const held = known.get(name);
    if (held?.proof.every((byte, i) => byte === proof[i])) return held.sample.has(receiver);
    const sample = verifySample(publicKeys[replica] as Uint8Array, set, sizes, place, proof, fn);
    if (sample === undefined) return false;
    if (known.size >= max) known.delete(known.keys().next().value as string);
    known.set(name, { proof, sample });
    return sample.has(receiver);
  };
}
