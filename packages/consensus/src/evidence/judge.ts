import { accept, equalBytes, type Result, refuse, toHex, unreachable } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { certifiesState, type Rules, readViewChangeBody } from '../pbft/justification.ts';
import { sampleProofHolds } from '../probft/samples.ts';
import { decodeClaim } from '../qbft/messages.ts';
import { quorum, type ReplicaSet } from '../quorum/replica-set.ts';
import { type SignedStatement, type Verify, verifyStatement } from '../quorum/statement.ts';
import type { EvidenceFacts } from './evidence.ts';
import { judgeJustification } from './justifications.ts';
import { forgets, forgetsRound } from './locks.ts';
import type { Evidence, EvidenceOf } from './schema.ts';

/** What evidence is judged by: keys and a chain id, nothing else. */
export interface Judge {
  readonly chainId: Uint8Array;
  readonly keyOfAccused: Uint8Array;
  readonly verify: Verify;
  readonly replicaSet?: ReplicaSet;
  /** @default quorum(n) */
  readonly quorum?: number;
  readonly vrfKeyOfAccused?: Uint8Array;
}

/** Whether the replicas that are given, if any, are those of this statement, its signer in its place among them. */
export function fitsSet(
  { replica, epoch }: SignedStatement,
  { replicaSet: set, chainId, keyOfAccused }: Judge,
): boolean {
  if (set === undefined) return true;
  const key = set.replicas[replica]?.key;
  if (key === undefined || !equalBytes(key, keyOfAccused)) return false;
  return set.epoch === epoch && equalBytes(set.chainId, chainId);
}

/** What is proved, beyond who did it. */
export type Offence = Pick<EvidenceFacts, 'class' | 'view' | 'height' | 'summary'>;

/** @returns the offence; null for two statements that conflict, which speak for themselves */
export function judge(evidence: Evidence, by: Judge): Result<Offence | null> {
  switch (evidence.kind) {
    case 'conflict':
      return allSigned([evidence.first, evidence.second], by);
    case 'sampled-conflict':
      return allSigned(
        [evidence.first, evidence.second].map(({ vote, proof: attached }) => ({ ...vote, attached })),
        by,
      );
    case 'forgotten-lock':
      return judgeLock(evidence, by);
    case 'bad-justification': {
      const signed = allSigned([evidence.statement], by);
      if (!signed.ok) return signed;
      const rules = rulesOf(evidence.statement, by);
      return rules.ok ? judgeJustification(evidence, rules.value) : rules;
    }
    case 'state-mismatch':
      return judgeState(evidence, by);
    case 'bad-sample':
      return judgeSample(evidence, by);
    default:
      return unreachable(evidence);
  }
}

function allSigned(
  statements: readonly (SignedStatement & { readonly attached?: Uint8Array })[],
  { verify, chainId, keyOfAccused }: Judge,
): Result<null> {
  for (const statement of statements) {
    if (!verifyStatement(verify, chainId, statement, statement.signature, keyOfAccused)) {
      return refuse('bad-signature', `the ${statement.phase} is not signed by this key for this chain`);
    }
  }
  return accept(null);
}

/** The keys of the epoch, where they are given. */
function rulesOf({ epoch }: SignedStatement, by: Judge): Result<Rules> {
  const { replicaSet: set, chainId, verify } = by;
  if (set === undefined) return refuse('needs-replica-set');
  const n = set.replicas.length;
  return accept({
    n,
    q: by.quorum ?? quorum(n),
    certified: (place, signature) => {
      const signer = set.replicas[signature.replica]?.key;
      return signer !== undefined && verifyStatement(verify, chainId, { epoch, ...place }, signature.signature, signer);
    },
  });
}

function judgeLock({ commit, change, body }: EvidenceOf<'forgotten-lock'>, by: Judge): Result<Offence> {
  if (commit.phase !== 'commit') return refuse('no-offence');
  const signed = allSigned([commit, change], by);
  if (!signed.ok) return signed;
  if (!equalBytes(sha3_256(body), change.digest)) return refuse('wrong-body');
  if (!denies(commit, change, body)) return refuse('no-offence');
  const { replica, view, height, digest } = commit;
  const said = `signed commit ${short(digest)} at view ${view}, height ${height}`;
  const summary = `replica ${replica} ${said}, and denied it on leaving for view ${change.view}`;
  return accept({ class: 'vote-against-lock', view: change.view, height, summary });
}

/** Whether what was signed on leaving a view of PBFT or a round of QBFT denies what the commit rests on. */
function denies(commit: SignedStatement, { phase, view, height }: SignedStatement, body: Uint8Array): boolean {
  if (phase === 'round-change') {
    const claim = decodeClaim(body);
    return claim.ok && height === commit.height && forgetsRound(view, claim.value, commit);
  }
  const read = readViewChangeBody(body);
  const left = phase === 'view-change' && height === 0;
  return left && read.ok && read.value.view === view && forgets(read.value, commit);
}

function judgeState(evidence: EvidenceOf<'state-mismatch'>, by: Judge): Result<Offence> {
  const { checkpoint, certified, certificate } = evidence;
  if (checkpoint.phase !== 'checkpoint' || checkpoint.view !== 0) return refuse('no-offence');
  if (equalBytes(checkpoint.digest, certified)) return refuse('no-offence');
  const signed = allSigned([checkpoint], by);
  if (!signed.ok) return signed;
  const rules = rulesOf(checkpoint, by);
  if (!rules.ok) return rules;
  const { replica, epoch, height, digest } = checkpoint;
  if (!certifiesState(rules.value, epoch, { height, digest: certified, certificate })) return refuse('bad-certificate');
  const summary = `replica ${replica} signed state ${short(digest)} at height ${height}, where a quorum certifies ${short(certified)}`;
  return accept({ class: 'state-mismatch', view: 0, height, summary });
}

function judgeSample({ vote, proof }: EvidenceOf<'bad-sample'>, by: Judge): Result<Offence> {
  const { phase, replica, epoch, view, height } = vote;
  if (phase !== 'prepare' && phase !== 'commit') return refuse('no-offence');
  const signed = allSigned([{ ...vote, attached: proof }], by);
  if (!signed.ok) return signed;
  const { vrfKeyOfAccused, chainId } = by;
  if (vrfKeyOfAccused === undefined) return refuse('needs-vrf-key');
  if (sampleProofHolds(vrfKeyOfAccused, { chainId, epoch }, { height, view, phase }, proof))
    return refuse('no-offence');
  const summary = `replica ${replica} signed a ${phase} at view ${view}, height ${height} with a proof of its sample that is none`;
  return accept({ class: 'vrf-misuse', view, height, summary });
}

function short(digest: Uint8Array): string {
  return toHex(digest.subarray(0, 4));
}
