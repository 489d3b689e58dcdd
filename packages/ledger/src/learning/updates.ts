import { maxFaulty } from '@murmuration/consensus';
import { equalBytes, refuse } from '@murmuration/core';
import type { AttestUpdates, CommitUpdate } from '../commands/command.ts';
import { doubleUpdateBundle } from '../quarantine/build-bundle.ts';
import { isQuarantined, quarantineDevice } from '../quarantine/quarantine.ts';
import type { Refusal } from '../refusal.ts';
import { isQuorum, votersOf, votes } from '../replicas/epochs.ts';
import type { Sent, Turn } from '../turn.ts';
import { closeRound, findRound, isAscending } from './jobs.ts';
import { type ProofEntry, type RoundEntry, roundKey, type UpdateEntry } from './schema.ts';
import { sealOf } from './seal.ts';

/** A device's "my update has this hash". A second hash for one round is evidence, whenever it comes. */
export function commitUpdate(turn: Turn, sent: Sent<CommitUpdate>): Refusal {
  const { sender, command } = sent;
  const found = findRound(turn, command);
  if (!found.ok) return found;
  const { entry, job } = found.value;
  if (isQuarantined(turn.state, sender.device)) return refuse('quarantined');
  const earlier = entry.updates.find(({ device }) => device === sender.device);
  if (earlier !== undefined) return secondUpdate(turn, sent, earlier);
  if (entry.phase !== 'collecting') return refuse('round-not-collecting');
  if (job.participants.length > 0 && !job.participants.includes(sender.device)) return refuse('not-a-participant');

  const { hash, samples, bytes } = command;
  const update: UpdateEntry = { device: sender.device, hash, samples, bytes, attestations: 0, fixed: false };
  const key = roundKey(entry.job, entry.round);
  turn.state.rounds.set(key, { ...entry, updates: byDevice([...entry.updates, update]) });
  const proof = turn.state.proofs.get(key) as ProofEntry;
  turn.state.proofs.set(key, { ...proof, updates: byDevice([...proof.updates, sealOf(sent)]) });
  const { job: id, round } = entry;
  turn.emit({ kind: 'update-committed', job: id, round, device: sender.device, hash, samples, bytes });
  return null;
}

function secondUpdate(turn: Turn, sent: Sent<CommitUpdate>, earlier: UpdateEntry): Refusal {
  if (equalBytes(earlier.hash, sent.command.hash)) return refuse('already-committed');
  const bundle = doubleUpdateBundle(turn, sent, earlier);
  // The first command's signature was pruned: whoever kept it can still submit the evidence.
  if (bundle === undefined) return refuse('round-not-collecting');
  quarantineDevice(turn, bundle, null);
  return refuse('double-update');
}

/** A replica's "these I hold". The quorum's attestations fix the set: updates that f + 1 of them name. */
export function attestUpdates(turn: Turn, { sender, command }: Sent<AttestUpdates>): Refusal {
  if (sender.role !== 'replica') return refuse('not-a-replica');
  const found = findRound(turn, command);
  if (!found.ok) return found;
  const { entry } = found.value;
  if (entry.phase !== 'collecting') return refuse('round-not-collecting');
  if (entry.attestedBy.includes(sender.device)) return refuse('already-attested');
  if (!isAscending(command.updates.map(({ device }) => device))) return refuse('updates-not-ascending');
  const named = new Map(command.updates.map(({ device, hash }) => [device, hash]));
  const isNamed = ({ device, hash }: UpdateEntry) => {
    const other = named.get(device);
    return other !== undefined && equalBytes(other, hash);
  };
  if (entry.updates.filter(isNamed).length !== named.size) return refuse('update-not-committed');

  const attested: RoundEntry = {
    ...entry,
    attestedBy: [...entry.attestedBy, sender.device].sort(),
    updates: entry.updates.map((update) =>
      isNamed(update) ? { ...update, attestations: update.attestations + 1 } : update,
    ),
  };
  turn.state.rounds.set(roundKey(entry.job, entry.round), attested);
  fixIfAttested(turn, attested);
  return null;
}

/** Fixes the set once a quorum of those that vote now has attested. */
export function fixIfAttested(turn: Turn, entry: RoundEntry): void {
  if (isQuorum(votersOf(turn), entry.attestedBy)) fixUpdates(turn, entry);
}

/** At least one correct replica holds an update that f + 1 name, so every replica can fetch it. */
function fixUpdates(turn: Turn, entry: RoundEntry): void {
  const { job, round } = entry;
  const voters = votersOf(turn);
  // Attestations are not kept by who gave them: each of those that vote no more may have been a lie.
  const former = entry.attestedBy.filter((device) => !votes(voters, device)).length;
  const faulty = maxFaulty(voters.replicas.length) + former;
  const updates = entry.updates.map((update) => ({
    ...update,
    fixed: update.attestations > faulty && !isQuarantined(turn.state, update.device),
  }));
  const fixed = updates.filter((update) => update.fixed);
  turn.emit({
    kind: 'updates-fixed',
    job,
    round,
    updates: fixed.map(({ device, hash, samples, bytes }) => ({ device, hash, samples, bytes })),
  });
  if (fixed.length === 0) {
    const modelHash = turn.state.jobs.get(job)?.modelHash ?? null;
    closeRound(turn, { ...entry, updates, phase: 'void', modelHash });
  } else {
    turn.state.rounds.set(roundKey(job, round), { ...entry, updates, phase: 'aggregating' });
  }
}

function byDevice<T extends { readonly device: string }>(entries: readonly T[]): readonly T[] {
  return [...entries].sort((a, b) => (a.device < b.device ? -1 : 1));
}
