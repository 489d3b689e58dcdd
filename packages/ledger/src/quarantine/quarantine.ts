import { type DeviceId, refuse } from '@murmuration/core';
import { MAX_EVIDENCE_PER_QUARANTINE, OBSERVATION_MS, QUARANTINE_MS } from '../limits.ts';
import type { Refusal } from '../refusal.ts';
import type { LedgerState } from '../state/ledger-state.ts';
import type { Turn } from '../turn.ts';
import type { ProvenBundle } from './build-bundle.ts';
import type { QuarantineEntry } from './schema.ts';

/** Whether the device's updates and jobs are refused. Its votes as a replica still count. */
export function isQuarantined(state: LedgerState, device: DeviceId): boolean {
  const standing = state.quarantines.get(device)?.state;
  return standing === 'quarantined' || standing === 'banned';
}

/**
 * Records proven evidence and quarantines the accused at once: 5 minutes, 15, an hour, then for good. Further
 * evidence during a quarantine is recorded without another strike, so that one burst of lies is one strike.
 * @param submittedBy null where the ledger found the evidence itself
 * @returns `evidence-known` for a proof of the same offence, `evidence-limit` beyond 16 during one quarantine;
 * then the evidence stays valid, and may be submitted again after the release
 */
export function quarantineDevice(turn: Turn, bundle: ProvenBundle, submittedBy: DeviceId | null): Refusal {
  const { id, accused } = bundle.finding;
  const { evidence, quarantines } = turn.state;
  if (evidence.get(id) !== undefined) return refuse('evidence-known');
  const standing = quarantines.get(accused);
  if (standing?.state === 'banned') return refuse('already-banned');
  if (standing?.state !== 'quarantined') {
    record(turn, bundle, submittedBy);
    strike(turn, bundle, standing);
    return null;
  }
  if (standing.furtherEvidence >= MAX_EVIDENCE_PER_QUARANTINE) return refuse('evidence-limit');
  quarantines.set(accused, { ...standing, furtherEvidence: standing.furtherEvidence + 1 });
  record(turn, bundle, submittedBy);
  return null;
}

function record(turn: Turn, { finding, wire }: ProvenBundle, submittedBy: DeviceId | null): void {
  const { id, kind, accused, summary } = finding;
  const { height, nowMs: atMs } = turn;
  turn.state.evidence.set(id, { id, kind, accused, height, atMs, summary, submittedBy });
  turn.emit({ kind: 'evidence-recorded', evidenceId: id, evidence: kind, accused, summary, bundle: wire });
}

function strike(turn: Turn, { finding, wire }: ProvenBundle, before: QuarantineEntry | undefined): void {
  const { id: evidenceId, accused: device, kind: reason } = finding;
  const strikes = (before?.strikes ?? 0) + 1;
  const durationMs = QUARANTINE_MS[strikes - 1];
  const untilMs = durationMs === undefined ? null : turn.nowMs + durationMs;
  turn.state.quarantines.set(device, {
    device,
    state: untilMs === null ? 'banned' : 'quarantined',
    strikes,
    reason,
    evidenceId,
    sinceHeight: turn.height,
    sinceMs: turn.nowMs,
    untilMs,
    observedUntilMs: null,
    furtherEvidence: 0,
  });
  turn.emit({ kind: 'quarantined', device, reason, evidenceId, bundle: wire, strikes, untilMs });
}

/** What block time brings by itself: releases, and the end of observations. Before the block's commands. */
export function passTime(turn: Turn): void {
  const { quarantines } = turn.state;
  for (const entry of quarantines.values()) {
    if (entry.state === 'quarantined' && entry.untilMs !== null && turn.nowMs >= entry.untilMs) {
      const observedUntilMs = turn.nowMs + OBSERVATION_MS;
      quarantines.set(entry.device, { ...entry, state: 'observed', observedUntilMs });
      turn.emit({ kind: 'released', device: entry.device, observedUntilMs });
    } else if (entry.state === 'observed' && turn.nowMs >= (entry.observedUntilMs ?? 0)) {
      quarantines.set(entry.device, { ...entry, state: 'released' });
    }
  }
}
