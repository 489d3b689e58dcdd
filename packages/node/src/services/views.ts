import { decodeBatch, decodeCertificate } from '@murmuration/consensus';
import { toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { decodePlan, isPrivate, toleratedFaulty } from '@murmuration/learning';
import {
  type EvidenceEntry,
  type JobEntry,
  type Ledger,
  type QuarantineEntry,
  type RoundEntry,
  readCommand,
} from '@murmuration/ledger';
import { tolerance } from '@murmuration/privacy';
import type { JobView, RoundDetail, RoundView, UpdateView } from '../views/learning.ts';
import type { BlockView, CommandView } from '../views/ledger.ts';
import type { TrainingView } from '../views/swarm.ts';
import type { EvidenceView, QuarantineView } from '../views/trust.ts';
import type { Block } from './block-store.ts';
import type { RecordBook } from './learning/record-book.ts';

/** Rounds that a `JobView` carries; more are paged. */
const HISTORY_ROUNDS = 200;

export function jobView(ledger: Ledger, entry: JobEntry, records: RecordBook): JobView {
  const plan = decodePlan(entry.plan);
  const first = Math.max(1, entry.round - HISTORY_ROUNDS + 1);
  const history: RoundView[] = [];
  for (let round = first; round <= entry.round; round++) {
    const view = roundView(ledger, entry, round, records);
    if (view !== undefined) history.push(view);
  }
  return {
    job: entry.job,
    dataset: plan.ok ? plan.value.dataset.kind : 'unknown',
    strategy: plan.ok ? plan.value.strategy : 'unknown',
    rounds: entry.rounds,
    round: entry.round,
    state: entry.state,
    accuracy: history.findLast(({ accuracy }) => accuracy !== null)?.accuracy ?? null,
    history,
  };
}

export function roundView(ledger: Ledger, job: JobEntry, round: number, records: RecordBook): RoundView | undefined {
  const entry = ledger.round(job.job, round);
  if (entry === undefined) return undefined;
  const record = records.get(job.job, round);
  const { closed } = entry;
  return {
    job: job.job,
    round,
    state: entry.phase,
    participants: closed?.updates ?? entry.updates.length,
    accepted: closed?.accepted ?? 0,
    refused: closed?.refused ?? 0,
    accuracy: record?.accuracy ?? null,
    seconds: closed === null ? null : (closed.atMs - entry.openedMs) / 1000,
    modelHash: entry.modelHash === null ? null : toHex(entry.modelHash),
  };
}

export function roundDetail(
  ledger: Ledger,
  job: JobEntry,
  round: number,
  records: RecordBook,
): RoundDetail | undefined {
  const view = roundView(ledger, job, round, records);
  const entry = ledger.round(job.job, round);
  if (view === undefined || entry === undefined) return undefined;
  return {
    ...view,
    updates: updateViews(entry),
    attestations: entry.attestedBy.length,
    results: entry.resultsBy.length,
  };
}

function updateViews(entry: RoundEntry): UpdateView[] {
  const verdictOf = new Map(entry.verdicts.map((verdict) => [verdict.device, verdict]));
  return entry.updates.map(({ device, samples, bytes, fixed }) => {
    const verdict = verdictOf.get(device);
    const waiting = { norm: 0, cosine: 0, weight: 0, accepted: false, outlier: false };
    const reason = entry.phase === 'collecting' || fixed ? '' : 'not-attested';
    return { device, samples, bytes, ...waiting, reason, ...(verdict === undefined ? {} : rulingOf(verdict)) };
  });
}

function rulingOf({ norm, cosine, weight, accepted, reason, outlier }: RoundEntry['verdicts'][number]) {
  return { norm, cosine, weight, accepted, reason, outlier };
}

export function trainingView(job: JobEntry | undefined, participants: number): TrainingView {
  const plan = job === undefined ? undefined : decodePlan(job.plan);
  if (plan === undefined || !plan.ok) return { participants, faultyTolerated: 0, strategy: 'none' };
  return {
    participants,
    faultyTolerated: isPrivate(plan.value)
      ? Math.min(plan.value.faulty, tolerance(participants, plan.value.privacy.groupSize).poisoners)
      : toleratedFaulty(plan.value, participants, 0),
    strategy: plan.value.strategy,
  };
}

export function quarantineView(entry: QuarantineEntry, detectionMs: number | null): QuarantineView {
  const { device, reason, evidenceId, sinceMs, untilMs } = entry;
  return { device, reason, evidenceId, sinceMs, untilMs, detectionMs };
}

export function evidenceView({ id, kind, accused, height, atMs, summary }: EvidenceEntry): EvidenceView {
  return { id, kind, accused, height, atMs, summary };
}

/** @param outcomes one for each request, where this device still remembers them */
export function blockView(block: Block, outcomes: readonly string[] | undefined): BlockView {
  const batch = decodeBatch(block.payload);
  const certificate = decodeCertificate(block.certificate);
  const requests = batch.ok ? batch.value.requests : [];
  return {
    height: block.height,
    timeMs: batch.ok ? batch.value.timeMs : 0,
    requests: requests.length,
    bytes: block.payload.length,
    view: certificate.ok ? certificate.value.view : 0,
    signers: certificate.ok ? certificate.value.signatures.length : 0,
    digest: toHex(sha3_256(block.payload)),
    commands: requests.map((request, i) => commandView(request, outcomes?.[i] ?? 'committed')),
  };
}

function commandView(request: Uint8Array, outcome: string): CommandView {
  const signed = readCommand(request);
  if (!signed.ok) return { kind: 'unreadable', device: '', outcome };
  return { kind: signed.value.command.kind, device: signed.value.device, outcome };
}
