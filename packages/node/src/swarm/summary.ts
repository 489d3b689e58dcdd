import { percentile } from '../services/percentile.ts';
import type { Controls } from './controls.ts';
import type { Swarm } from './swarm.ts';

/** How a run went: what `npm start -- --once --json` prints. Accuracies are on the held-back samples. */
export interface SwarmSummary extends Controls {
  readonly accuracy: number;
  readonly rounds: number;
  readonly secondsToFirstRound: number;
  readonly secondsTotal: number;
  readonly quarantined: readonly QuarantinedLiar[];
  /** Honest devices among the quarantined. */
  readonly wronglyQuarantined: number;
  readonly ledger: { readonly height: number; readonly stateRoot: string; readonly replicasAgreeing: number };
  /** From submission to the block, over all devices' commands. */
  readonly commitLatencyMs: { readonly p50: number; readonly p99: number };
  /** MiB; the largest that each device was seen at. */
  readonly rssMbPerDevice: { readonly median: number; readonly max: number };
}

export interface QuarantinedLiar {
  readonly device: string;
  /** Of the planted liar; null for a device that was not planted. */
  readonly behaviour: string | null;
  readonly reason: string;
  readonly evidenceId: string | null;
  /** From the first provable lie to the quarantine. */
  readonly detectionMs: number | null;
}

/**
 * Sums up a finished job.
 * @param startedAtMs when the person started it all, wall time
 */
export function summarise(swarm: Swarm, controls: Controls, startedAtMs: number): SwarmSummary {
  const { job, ledger, quarantines } = swarm.snapshot();
  const behaviourOf = new Map(swarm.members().map(({ device, behaviour }) => [device, behaviour]));
  const quarantined = quarantines.map(({ device, reason, evidenceId, detectionMs }) => {
    return { device, behaviour: behaviourOf.get(device) ?? null, reason, evidenceId, detectionMs };
  });
  const largest = swarm.largestRssMb();
  const firstRoundAtMs = swarm.firstRoundAtMs ?? Date.now();
  return {
    accuracy: job?.accuracy ?? 0,
    ...controls,
    rounds: job?.rounds ?? 0,
    secondsToFirstRound: (firstRoundAtMs - startedAtMs) / 1000,
    secondsTotal: (Date.now() - startedAtMs) / 1000,
    quarantined,
    wronglyQuarantined: quarantined.filter(({ behaviour }) => behaviour === null).length,
    ledger: { height: ledger.height, stateRoot: ledger.stateRoot, replicasAgreeing: ledger.replicasAgreeing },
    commitLatencyMs: ledger.commitLatencyMs,
    rssMbPerDevice: { median: percentile(largest, 0.5), max: Math.max(0, ...largest) },
  };
}
