import { accept, type DeviceId, type Result, refuse } from '@murmuration/core';
import type { OpenJob } from '../commands/command.ts';
import { MAX_JOBS, MAX_JOBS_PER_DEVICE, MAX_RUNNING_JOBS, MAX_RUNNING_JOBS_PER_DEVICE } from '../limits.ts';
import { isQuarantined } from '../quarantine/quarantine.ts';
import type { Refusal, RefusalReason } from '../refusal.ts';
import { metaOf } from '../state/ledger-state.ts';
import type { Sent, Turn } from '../turn.ts';
import { pruneRounds } from './pruning.ts';
import { type JobEntry, type RoundEntry, roundKey } from './schema.ts';

const JOB_ID = /^[a-z0-9-]{1,32}$/;

export function openJob(turn: Turn, { sender, command }: Sent<OpenJob>): Refusal {
  const { jobs, devices } = turn.state;
  if (isQuarantined(turn.state, sender.device)) return refuse('quarantined');
  if (!JOB_ID.test(command.job)) return refuse('bad-job-id');
  if (jobs.get(command.job) !== undefined) return refuse('job-exists');
  if (!isAscending(command.participants)) return refuse('participants-not-ascending');
  if (command.participants.some((device) => devices.get(device) === undefined)) return refuse('unknown-participant');
  const refusal = checkQuota(turn, sender);
  if (refusal !== null) return refusal;

  const { job, plan, rounds, participants } = command;
  turn.state.devices.set(sender.device, { ...sender, jobsOpened: sender.jobsOpened + 1 });
  jobs.set(job, {
    job,
    plan,
    rounds,
    participants,
    state: 'running',
    round: 1,
    modelHash: null,
    openedBy: sender.device,
    openedHeight: turn.height,
    openedMs: turn.nowMs,
    finishedMs: null,
  });
  turn.emit({ kind: 'job-opened', job, rounds, openedBy: sender.device });
  openRound(turn, job, 1);
  return null;
}

function checkQuota(turn: Turn, sender: Sent<OpenJob>['sender']): Refusal {
  const { jobs } = turn.state;
  const running = jobs.values().filter(({ state }) => state === 'running');
  const own = running.filter(({ openedBy }) => openedBy === sender.device);
  if (jobs.size >= MAX_JOBS || sender.jobsOpened >= MAX_JOBS_PER_DEVICE) return refuse('too-many-jobs');
  if (running.length >= MAX_RUNNING_JOBS || own.length >= MAX_RUNNING_JOBS_PER_DEVICE)
    return refuse('too-many-running-jobs');
  return null;
}

function openRound(turn: Turn, job: string, round: number): void {
  turn.state.rounds.set(roundKey(job, round), {
    job,
    round,
    phase: 'collecting',
    openedHeight: turn.height,
    openedMs: turn.nowMs,
    updates: [],
    attestedBy: [],
    resultsBy: [],
    modelHash: null,
    verdicts: [],
    closed: null,
  });
  turn.state.proofs.set(roundKey(job, round), { job, round, updates: [], results: [], candidates: [] });
  turn.emit({ kind: 'round-opened', job, round });
}

/**
 * Ends a round, with its result in `entry`, and opens the next one or finishes the job.
 * @param entry phase finalised or void; `closed` is set here
 */
export function closeRound(turn: Turn, entry: RoundEntry): void {
  const { job: id, round, modelHash, verdicts } = entry;
  const meta = metaOf(turn.state);
  const accepted = verdicts.filter((verdict) => verdict.accepted).length;
  turn.state.rounds.set(roundKey(id, round), {
    ...entry,
    closed: {
      order: meta.roundsClosed,
      height: turn.height,
      atMs: turn.nowMs,
      updates: entry.updates.length,
      accepted,
      refused: verdicts.length - accepted,
      summary: false,
    },
  });
  turn.state.meta.set('chain', { ...meta, roundsClosed: meta.roundsClosed + 1 });
  turn.emit({ kind: 'round-finalised', job: id, round, void: entry.phase === 'void', modelHash, verdicts });
  const job = { ...(turn.state.jobs.get(id) as JobEntry), modelHash };
  if (round < job.rounds) {
    turn.state.jobs.set(id, { ...job, round: round + 1 });
    openRound(turn, id, round + 1);
  } else {
    turn.state.jobs.set(id, { ...job, state: 'finished', finishedMs: turn.nowMs });
    turn.emit({ kind: 'job-finished', job: id, modelHash });
  }
  pruneRounds(turn);
}

/** The round that a command names, with its job, or why it is not open. */
export function findRound(
  turn: Turn,
  name: { readonly job: string; readonly round: number },
): Result<{ readonly entry: RoundEntry; readonly job: JobEntry }, RefusalReason> {
  const job = turn.state.jobs.get(name.job);
  if (job === undefined) return refuse('unknown-job');
  if (name.round > job.rounds) return refuse('no-such-round');
  if (name.round > job.round) return refuse('round-not-open');
  const entry = turn.state.rounds.get(roundKey(name.job, name.round));
  return entry === undefined ? refuse('round-forgotten') : accept({ entry, job });
}

export function isAscending(devices: readonly DeviceId[]): boolean {
  return devices.every((device, i) => i === 0 || (devices[i - 1] as DeviceId) < device);
}
