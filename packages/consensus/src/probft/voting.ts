import { encode, equalBytes } from '@murmuration/core';
import { createEvidence, createSampledEvidence } from '../evidence/evidence.ts';
import { encodeEvidence } from '../evidence/schema.ts';
import { refused } from '../loop/shell.ts';
import type { SignedStatement } from '../quorum/statement.ts';
import { decide } from './deciding.ts';
import { certificateSchema, type ProbftMessageOf, type SampledVote } from './messages.ts';
import { fallSilent, isOwn } from './own-key.ts';
import { proveSample, type SamplePhase, type SamplePlace, sampleProofHolds, verifySample } from './samples.ts';
import { type HeldVote, leaderOf, maySign, persistRecord, type State, send, signAt, signedBy } from './state.ts';

/** The leader's proposal of this view, checked. */
export function acceptProposal(state: State, payload: Uint8Array): void {
  state.payload = payload;
  castVote(state, 'prepare');
  advance(state);
}

/**
 * Takes note of what the leader of this view signed, wherever it was seen. A second digest ends the view.
 * @returns why it is not the leader's word, if so
 */
export function noteLeaderSigned(state: State, digest: Uint8Array, signature: Uint8Array): string | undefined {
  const known = state.leaderSigned;
  if (known !== null && equalBytes(known.digest, digest)) return undefined;
  const leader = leaderOf(state, state.height, state.view);
  if (!signedBy(state, leader, 'pre-prepare', state.view, digest, signature)) return 'bad-leader-signature';
  if (known === null) state.leaderSigned = { digest, signature };
  else expose(state, proposalOf(state, known.digest, known.signature), proposalOf(state, digest, signature));
  return undefined;
}

function proposalOf(state: State, digest: Uint8Array, signature: Uint8Array): SignedStatement {
  const { set, height, view } = state;
  const replica = leaderOf(state, height, view);
  return { replica, epoch: set.epoch, phase: 'pre-prepare', view, height, digest, signature };
}

function expose(state: State, first: SignedStatement, second: SignedStatement): void {
  if (state.contested) return;
  const evidence = createEvidence(first, second);
  if (evidence === undefined) return;
  if (first.replica === state.self) {
    fallSilent(state, isOwn(state, first) ? second : first);
    return;
  }
  state.contested = true;
  state.effects.push({ kind: 'evidence', evidence });
  send(state, 'all', { kind: 'exposed', first, second });
}

/** Another replica saw the leader sign two proposals. */
export function onExposed(state: State, message: ProbftMessageOf<'exposed'>): string | undefined {
  const { first, second } = message;
  const here = [first, second].every(({ epoch, height, view, phase, replica }) => {
    const leads = replica === leaderOf(state, state.height, state.view);
    return (
      leads && phase === 'pre-prepare' && epoch === state.set.epoch && height === state.height && view === state.view
    );
  });
  if (!here) return 'stale-exposure';
  if (createEvidence(first, second) === undefined) return 'no-conflict';
  for (const { replica, digest, signature } of [first, second]) {
    if (!signedBy(state, replica, 'pre-prepare', state.view, digest, signature)) return 'bad-leader-signature';
  }
  expose(state, first, second);
  return undefined;
}

/** Signs a vote and sends it to the sample that the own random function draws: nobody chooses who gets it. */
function castVote(state: State, phase: SamplePhase): void {
  const signed = state.leaderSigned;
  if (signed === null || state.contested || !maySign(state)) return;
  if (state.voted !== null && !equalBytes(state.voted, signed.digest)) return;
  const { set, sizes, height, view, vrf, self } = state;
  const place = { height, view, phase };
  const proof = proveSample(vrf.secretKey, set, place, vrf.fn);
  const sample = verifySample(vrf.publicKey, set, sizes, place, proof, vrf.fn);
  if (sample === undefined) return; // the secret and the public key do not belong together: checked at creation
  state.voted = signed.digest;
  persistRecord(state);
  const signature = signAt(state, phase, view, signed.digest, proof);
  const vote = {
    epoch: set.epoch,
    height,
    view,
    digest: signed.digest,
    leaderSignature: signed.signature,
    proof,
    signature,
  };
  for (const to of [...sample].sort((a, b) => a - b)) {
    if (to === self) votesOf(state, phase).set(self, { digest: signed.digest, proof, signature, verified: true });
    else send(state, to, { kind: phase, ...vote });
  }
}

/** A vote of this height and view. */
export function onVote(state: State, from: number, message: ProbftMessageOf<'prepare' | 'commit'>): string | undefined {
  const { kind: phase, digest, leaderSignature, proof, signature } = message;
  const wrong = noteLeaderSigned(state, digest, leaderSignature);
  if (wrong !== undefined) return wrong;
  const votes = votesOf(state, phase);
  const held = votes.get(from);
  if (held !== undefined) {
    if (equalBytes(held.digest, digest)) return 'duplicate-vote';
    accuse(state, from, phase, held, { digest, proof, signature });
    return 'conflicting-vote';
  }
  votes.set(from, { digest, proof, signature, verified: false });
  advance(state);
  return undefined;
}

function accuse(
  state: State,
  replica: number,
  phase: SamplePhase,
  held: HeldVote,
  other: Pick<HeldVote, 'digest' | 'proof' | 'signature'>,
): void {
  const holds = ({ digest, proof, signature }: typeof other) =>
    signedBy(state, replica, phase, state.view, digest, signature, proof);
  if (!holds(held) || !holds(other)) return;
  const evidence = createSampledEvidence(
    sampledVote(state, replica, phase, held),
    sampledVote(state, replica, phase, other),
  );
  if (evidence !== undefined) state.effects.push({ kind: 'evidence', evidence });
}

function sampledVote(
  state: State,
  replica: number,
  phase: SamplePhase,
  { digest, proof, signature }: Pick<HeldVote, 'digest' | 'proof' | 'signature'>,
) {
  const { set, view, height } = state;
  return { vote: { replica, epoch: set.epoch, phase, view, height, digest, signature }, proof };
}

/** Whatever the votes now allow. */
function advance(state: State): void {
  if (state.contested || state.leaderSigned === null || state.payload === null) return;
  const { digest, signature: leaderSignature } = state.leaderSigned;
  if (!state.commitSent) {
    const votes = quorumOf(state, 'prepare', digest);
    if (votes !== undefined) {
      state.commitSent = true;
      state.prepared = { view: state.view, digest, leaderSignature, votes, payload: state.payload };
      castVote(state, 'commit');
    }
  }
  const votes = quorumOf(state, 'commit', digest);
  if (votes === undefined) return;
  const { view, self, set } = state;
  const certificate = encode(certificateSchema, { epoch: set.epoch, view, receiver: self, votes });
  decide(state, state.payload, certificate);
}

/** @returns q checked votes by ascending replica, once there are that many. Only as many are checked as are needed. */
function quorumOf(state: State, phase: SamplePhase, digest: Uint8Array): SampledVote[] | undefined {
  const votes = votesOf(state, phase);
  const { q } = state.sizes;
  const matching = [...votes].filter(([, vote]) => equalBytes(vote.digest, digest));
  if (matching.length < q) return undefined;
  const checked: SampledVote[] = [];
  for (const [replica, vote] of matching) {
    if (checked.length === q) break;
    if (!vote.verified) vote.verified = holdsUp(state, replica, phase, vote);
    if (vote.verified) checked.push({ replica, proof: vote.proof, signature: vote.signature });
    else votes.delete(replica);
  }
  return checked.length === q ? checked.sort((a, b) => a.replica - b.replica) : undefined;
}

function holdsUp(state: State, replica: number, phase: SamplePhase, vote: HeldVote): boolean {
  const { height, view } = state;
  const signed = signedBy(state, replica, phase, view, vote.digest, vote.signature, vote.proof);
  const place = { height, view, phase };
  const sampled = signed && state.holds(replica, place, vote.proof, state.self);
  if (!sampled) refused(state, signed ? 'bad-sample' : 'bad-signature', replica);
  if (signed && !sampled) accuseOfProof(state, replica, place, vote);
  return sampled;
}

/**
 * A proof that is none convicts who signed the vote. A sample without the receiver does not: anybody may have passed
 * such a vote on, so it is refused and no more.
 */
function accuseOfProof(state: State, replica: number, place: SamplePlace, vote: HeldVote): void {
  const { set, vrfKeys, vrf } = state;
  if (sampleProofHolds(vrfKeys[replica] as Uint8Array, set, place, vote.proof, vrf.fn)) return;
  const evidence = encodeEvidence({ kind: 'bad-sample', ...sampledVote(state, replica, place.phase, vote) });
  state.effects.push({ kind: 'evidence', evidence });
}

function votesOf(state: State, phase: SamplePhase): Map<number, HeldVote> {
  return phase === 'prepare' ? state.prepares : state.commits;
}
