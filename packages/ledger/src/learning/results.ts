import { quorum } from '@murmuration/consensus';
import { type DeviceId, equalBytes, refuse } from '@murmuration/core';
import type { CommitResult, Verdict } from '../commands/command.ts';
import { resultMismatchBundle } from '../quarantine/build-bundle.ts';
import { quarantineDevice } from '../quarantine/quarantine.ts';
import type { Refusal } from '../refusal.ts';
import { decidersOf, votersOf, votes } from '../replicas/epochs.ts';
import type { Sent, Turn } from '../turn.ts';
import { closeRound, findRound } from './jobs.ts';
import { strikeOutliers } from './outliers.ts';
import { resultDigest } from './result-digest.ts';
import { type Candidate, type ProofEntry, type RoundEntry, roundKey, type Seal } from './schema.ts';
import { sealOf } from './seal.ts';

/** A replica's aggregate. A quorum of equal ones is the round's; a replica with another one has lied. */
export function commitResult(turn: Turn, sent: Sent<CommitResult>): Refusal {
  const { sender, command } = sent;
  if (sender.role !== 'replica') return refuse('not-a-replica');
  const found = findRound(turn, command);
  if (!found.ok) return found;
  const { entry } = found.value;
  if (entry.phase === 'collecting') return refuse('round-not-aggregating');
  if (entry.phase === 'void' || entry.closed?.summary === true) return refuse('round-closed');
  if (entry.resultsBy.some(({ device }) => device === sender.device)) return refuse('already-committed');
  if (!coversFixedSet(entry, command.verdicts)) return refuse('verdicts-do-not-match');
  return entry.phase === 'aggregating' ? countResult(turn, entry, sent) : lateResult(turn, entry, sent);
}

function coversFixedSet(entry: RoundEntry, verdicts: readonly Verdict[]): boolean {
  const fixed = entry.updates.filter((update) => update.fixed);
  return fixed.length === verdicts.length && fixed.every(({ device }, i) => verdicts[i]?.device === device);
}

function countResult(turn: Turn, entry: RoundEntry, sent: Sent<CommitResult>): Refusal {
  const key = roundKey(entry.job, entry.round);
  const digest = resultDigest(sent.command);
  const proof = turn.state.proofs.get(key) as ProofEntry;
  const { modelHash, verdicts } = sent.command;
  const isKnown = proof.candidates.some((candidate) => equalBytes(candidate.digest, digest));
  const candidates = isKnown ? proof.candidates : [...proof.candidates, { digest, modelHash, verdicts }];
  const counted: ProofEntry = { ...proof, candidates, results: [...proof.results, sealOf(sent)] };
  const resultsBy = [...entry.resultsBy, { device: sent.sender.device, digest }];
  turn.state.proofs.set(key, counted);
  turn.state.rounds.set(key, { ...entry, resultsBy });
  decide(turn, { ...entry, resultsBy }, counted);
  return null;
}

/** Counts the results of those that vote now. */
export function decide(turn: Turn, entry: RoundEntry, proof: ProofEntry): void {
  const voters = votersOf(turn);
  const counted = entry.resultsBy.filter(({ device }) => votes(voters, device));
  const votesFor = ({ digest }: Candidate) => counted.filter((result) => equalBytes(result.digest, digest)).length;
  const need = quorum(voters.replicas.length);
  const most = Math.max(0, ...proof.candidates.map(votesFor));
  const winner = proof.candidates.find((candidate) => votesFor(candidate) >= need);
  const missing = voters.replicas.length - counted.length;
  if (winner !== undefined) finalise(turn, entry, proof, winner);
  // Correct replicas that could not agree: nobody is accused, and the old model stays.
  else if (most + missing < need) giveUp(turn, entry, proof);
}

function finalise(turn: Turn, entry: RoundEntry, proof: ProofEntry, winner: Candidate): void {
  const { modelHash, verdicts } = winner;
  const agrees = (device: DeviceId) =>
    entry.resultsBy.some((result) => result.device === device && equalBytes(result.digest, winner.digest));
  const voters = votersOf(turn);
  const counted = proof.results.filter(({ device }) => votes(voters, device));
  const agreed = counted.filter(({ device }) => agrees(device));
  const differing = counted.filter(({ device }) => !agrees(device));
  turn.state.proofs.set(roundKey(entry.job, entry.round), { ...proof, results: agreed, candidates: [] });
  const finalised: RoundEntry = { ...entry, phase: 'finalised', modelHash, verdicts };
  turn.state.rounds.set(roundKey(entry.job, entry.round), finalised);
  for (const seal of differing) {
    const { digest } = entry.resultsBy.find(({ device }) => device === seal.device) as RoundEntry['resultsBy'][number];
    accuse(turn, finalised, seal, proof.candidates.find((other) => equalBytes(other.digest, digest)) as Candidate);
  }
  strikeOutliers(turn, finalised);
  closeRound(turn, finalised);
}

function giveUp(turn: Turn, entry: RoundEntry, proof: ProofEntry): void {
  turn.state.proofs.set(roundKey(entry.job, entry.round), { ...proof, results: [], candidates: [] });
  const modelHash = turn.state.jobs.get(entry.job)?.modelHash ?? null;
  closeRound(turn, { ...entry, phase: 'void', modelHash });
}

/** After the quorum: an equal result is welcome, another one is evidence while the quorum's signatures are kept. */
function lateResult(turn: Turn, entry: RoundEntry, sent: Sent<CommitResult>): Refusal {
  const deciders = decidersOf(turn, entry);
  if (deciders === undefined) return refuse('round-closed');
  if (!votes(deciders, sent.sender.device)) return refuse('not-a-replica');
  const { modelHash, verdicts } = sent.command;
  const digest = resultDigest(sent.command);
  const quorumDigest = resultDigest({ ...entry, modelHash: entry.modelHash as Uint8Array });
  if (!equalBytes(digest, quorumDigest)) {
    if (turn.state.proofs.get(roundKey(entry.job, entry.round)) === undefined) return refuse('round-closed');
    accuse(turn, entry, sealOf(sent), { digest, modelHash, verdicts });
    return refuse('result-mismatch');
  }
  const resultsBy = [...entry.resultsBy, { device: sent.sender.device, digest }];
  turn.state.rounds.set(roundKey(entry.job, entry.round), { ...entry, resultsBy });
  return null;
}

function accuse(turn: Turn, entry: RoundEntry, seal: Seal, differing: Candidate): void {
  const { job, round } = entry;
  const bundle = resultMismatchBundle(turn, entry, seal, differing);
  const known = quarantineDevice(turn, bundle, null) !== null;
  if (!known) turn.emit({ kind: 'result-mismatch', job, round, device: seal.device, evidenceId: bundle.finding.id });
}
