import { checkInteger } from '@murmuration/core';
import { ed25519Verify, type Signer } from '@murmuration/crypto';
import { newRecall } from '../loop/recall.ts';
import { RequestPool } from '../loop/request-pool.ts';
import { checkSigner } from '../loop/shell.ts';
import { checkReplicaSet, maxFaulty, type ReplicaSet } from '../quorum/replica-set.ts';
import type { Verify } from '../quorum/statement.ts';
import { qbftChain } from './certificates.ts';
import { checkQbftOptions, type QbftOptions } from './options.ts';
import type { State } from './state.ts';

export interface QbftDeps {
  readonly replicaSet: ReplicaSet;
  /** The own position in the set. */
  readonly self: number;
  /** Of the key at that position. */
  readonly signer: Signer;
  /** Heights up to here belong to earlier epochs; the host has executed them. @default 0 */
  readonly baseHeight?: number;
  /** @default crypto's ed25519Verify */
  readonly verify?: Verify;
  /** Whether a request of another replica is worth a place in the pool. @default all are */
  readonly admit?: (request: Uint8Array) => boolean;
  /** Whether it signs nothing more once its key is seen elsewhere. Turned off for a planted liar. @default true */
  readonly stopIfDuplicated?: boolean;
}

/** @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function createState(deps: QbftDeps, given: QbftOptions, q: number): State {
  const { self, signer, verify = ed25519Verify, admit = () => true, baseHeight: base = 0 } = deps;
  const hostSet = checkReplicaSet(deps.replicaSet);
  const options = checkQbftOptions(given);
  const n = hostSet.replicas.length;
  checkInteger('baseHeight', base, 0);
  checkSigner(hostSet, self, signer.publicKey);
  const peers = Array.from({ length: n }, () => ({ answers: 0, proofs: 0, revivals: 0, strikes: 0, accusations: 0 }));
  return {
    ...{ set: qbftChain(hostSet), hostSet, n, f: maxFaulty(n), q, self, base, signer, verify, options, peers },
    ...{ pool: new RequestPool(options, admit), timers: new Map(), started: false, nowMs: 0, effects: [] },
    ...{
      executed: 0,
      last: null,
      floor: base + 1,
      remembered: null,
      said: null,
      height: 1,
      round: 1,
      vote: null,
      prepared: null,
    },
    ...{ ownRoundChange: null, ownProposal: null, roundChanges: [], log: new Map(), later: new Map() },
    recall: newRecall(),
    stopIfDuplicated: deps.stopIfDuplicated ?? true,
    ...{ decided: new Map(), batchKeys: new Map(), abandon: false, ahead: null, parts: 0, ticks: 0 },
    ...{ placeAtTick: '', stillTicks: 0, place: '' },
  };
}
