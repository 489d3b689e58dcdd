import { checkInteger, equalBytes, MurmurError, utf8 } from '@murmuration/core';
import { blsVerifyPossession, ed25519Verify, isBlsPublicKey, type Signer } from '@murmuration/crypto';
import { newRecall } from '../loop/recall.ts';
import { RequestPool } from '../loop/request-pool.ts';
import { checkSigner } from '../loop/shell.ts';
import { checkReplicaSet, maxFaulty, type ReplicaSet } from '../quorum/replica-set.ts';
import type { Verify } from '../quorum/statement.ts';
import { hotstuff2Chain, SHARE_DOMAIN } from './certificates.ts';
import { BLS, type BlsKeys } from './multisignature.ts';
import { checkHotstuff2Options, type Hotstuff2Options } from './options.ts';
import type { State } from './state.ts';

export interface Hotstuff2Deps {
  readonly replicaSet: ReplicaSet;
  readonly self: number;
  /** Of the key that the set names: signs proposals, and every vote beside its share. */
  readonly signer: Signer;
  /** BLS keys of the replicas in their order, and the own secret one. */
  readonly bls: BlsKeys & {
    readonly secretKey: Uint8Array;
    /** Proofs of possession in the same order; left out where the caller has checked them. 30 ms each. */
    readonly possessions?: readonly Uint8Array[];
  };
  /** @default crypto's ed25519Verify */
  readonly verify?: Verify;
  /** Whether a request may be pooled. @default every one */
  readonly admit?: (request: Uint8Array) => boolean;
  /** Heights up to here belong to earlier epochs: they are not decided here, only fetched. @default 0 */
  readonly baseHeight?: number;
}

const PROBE = utf8('does this secret key belong to that public key?');

/**
 * @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, CONSENSUS_BLS_KEYS, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE,
 * CRYPTO_WRONG_LENGTH, CRYPTO_BAD_SCALAR
 */
export function createState(deps: Hotstuff2Deps, given: Hotstuff2Options, q: number): State {
  const set = hotstuff2Chain(checkReplicaSet(deps.replicaSet));
  const options = checkHotstuff2Options(given);
  const n = set.replicas.length;
  checkInteger('number of the own replica', deps.self, 0, n - 1);
  checkSigner(set, deps.self, deps.signer.publicKey);
  const { publicKeys, secretKey, multisignature = BLS } = deps.bls;
  checkBlsKeys(deps.bls, n);
  const probe = multisignature.sign(SHARE_DOMAIN, PROBE, secretKey);
  const paired = multisignature.verify(SHARE_DOMAIN, PROBE, [publicKeys[deps.self] as Uint8Array], probe);
  if (!paired) throw wrongKeys(`the secret key is not that of replica ${deps.self}`);
  const { self, signer, verify = ed25519Verify, admit = () => true, baseHeight: base = 0 } = deps;
  checkInteger('baseHeight', base, 0);
  const peers = publicKeys.map(() => ({ answers: 0, strikes: 0, revivals: 0, accusations: 0, suspect: false }));
  const chainId = deps.replicaSet.chainId;
  const pool = new RequestPool(options, admit);
  const keys = { publicKeys, multisignature };
  const fixed = { set, chainId, base, n, q, f: maxFaulty(n), self, signer, verify, secretKey, keys, options };
  return { ...fixed, pool, peers, ...nothingYet() };
}

/** A replica that has neither said nor heard anything. */
function nothingYet() {
  return {
    ...{ started: false, nowMs: 0, effects: [], ticks: 0, view: 0, proof: null, height: 1, executed: 0 },
    ...{ lastHeight: Number.POSITIVE_INFINITY, votesFrom: 0, restored: null, voted: null, lock: null, seen: null },
    ...{ ownProposal: null, ownVote: null, payloads: new Map(), kept: new Set<string>(), votes: new Map() },
    ...{ votes2: new Map(), prepared: null, decision: null, decided: new Map(), ahead: new Map(), later: new Map() },
    ...{ wishes: new Map(), heard: new Set<number>(), ready: null, failedViews: 0, abandon: false },
    ...{ recall: newRecall(), said: null, bootedAt: { view: 0, height: 1 }, barred: null },
    ...{ rumour: null, told: new Set<string>(), place: '', placeAtTick: '', timers: new Map(), behind: 0 },
  } satisfies Partial<State>;
}

function checkBlsKeys({ publicKeys, multisignature, possessions }: Hotstuff2Deps['bls'], n: number): void {
  if (publicKeys.length !== n) throw wrongKeys(`there are ${publicKeys.length} of them for ${n} replicas`);
  for (const [i, key] of publicKeys.entries()) {
    const twin = publicKeys.findIndex((other) => equalBytes(other, key));
    if (twin !== i) throw wrongKeys(`replicas ${twin} and ${i} have one key`);
    if (multisignature === undefined && !isBlsPublicKey(key)) throw wrongKeys(`that of replica ${i} is no key`);
    if (possessions !== undefined && !blsVerifyPossession(key, possessions[i] ?? new Uint8Array(0))) {
      throw wrongKeys(`replica ${i} does not prove that it has the secret key of its own`);
    }
  }
}

function wrongKeys(why: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_BLS_KEYS',
    message: `the BLS keys of the replicas cannot be used: ${why}`,
    remedy: 'give one BLS key for each replica in the order of the set, each with its proof of possession',
  });
}
