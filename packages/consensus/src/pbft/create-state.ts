import { checkInteger, MurmurError } from '@murmuration/core';
import { ed25519Verify, type Signer } from '@murmuration/crypto';
import { RequestPool } from '../loop/request-pool.ts';
import { checkReplicaSet, maxFaulty, type ReplicaSet } from '../quorum/replica-set.ts';
import type { Verify } from '../quorum/statement.ts';
import { checkOptions, type PbftOptions } from './options.ts';
import { ReplayWindow } from './replay-window.ts';
import type { State } from './state.ts';

export interface PbftDeps {
  readonly replicaSet: ReplicaSet;
  /** The own position in the set. */
  readonly self: number;
  /** Of the key at that position. */
  readonly signer: Signer;
  /** Heights up to here belong to earlier epochs; the host has executed them. @default 0 */
  readonly baseHeight?: number;
  /** @default crypto's ed25519Verify */
  readonly verify?: Verify;
  /** Whether it votes no more once its key is seen elsewhere. Turned off for a planted liar. @default true */
  readonly stopIfDuplicated?: boolean;
  /** Whether a request of another replica is worth a place in the pool. @default all are */
  readonly admit?: (request: Uint8Array) => boolean;
}

/** @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function createState(deps: PbftDeps, given: PbftOptions, q: number): State {
  const set = checkReplicaSet(deps.replicaSet);
  const options = checkOptions(given);
  const n = set.replicas.length;
  const base = deps.baseHeight ?? 0;
  checkInteger('baseHeight', base, 0);
  checkSigner(deps);
  return {
    set,
    n,
    f: maxFaulty(n),
    q,
    self: deps.self,
    base,
    signer: deps.signer,
    verify: deps.verify ?? ed25519Verify,
    options,
    pool: new RequestPool(options, deps.admit ?? (() => true)),
    slots: new Map(),
    peers: Array.from({ length: n }, () => ({
      ...{ committed: -1, answers: 0, revivals: 0, strikes: 0, accusations: 0 },
      window: new ReplayWindow(options.maxClockSkewMs),
    })),
    checkpoints: Array.from({ length: n }, () => new Map()),
    ownStates: new Map(),
    viewChanges: Array.from({ length: n }, () => undefined),
    started: false,
    voice: 'asking',
    answered: new Set(),
    stopIfDuplicated: deps.stopIfDuplicated ?? true,
    nowMs: 0,
    effects: [],
    view: 0,
    changing: false,
    failedViews: 0,
    ownViewChange: null,
    newView: null,
    boundAbove: 0,
    committed: 0,
    executed: 0,
    executedDigest: new Uint8Array(32),
    last: null,
    stable: { height: base, digest: new Uint8Array(32), certificate: new Uint8Array(0) },
    nextStable: null,
    abandon: false,
    behind: null,
    lagging: false,
    batchDue: false,
    progressParts: 0,
    ticks: 0,
    stamp: 0,
    committedAtTick: 0,
    stillTicks: 0,
    retainedBytes: 0,
    timers: new Map(),
  };
}

function checkSigner({ replicaSet, self, signer }: PbftDeps): void {
  const key = replicaSet.replicas[self]?.key;
  if (key?.every((byte, i) => byte === signer.publicKey[i])) return;
  throw new MurmurError({
    code: 'CONSENSUS_WRONG_SIGNER',
    message: `the signer is not replica ${self} of this set of ${replicaSet.replicas.length}`,
    remedy: 'give the replica the key that the genesis or the last reconfiguration names for it',
    facts: { self },
  });
}
