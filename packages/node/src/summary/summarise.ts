import { attacks } from '@murmuration/learning';
import { percentile } from '../services/percentile.ts';
import type { MemberState } from '../swarm/merge.ts';
import type { Swarm } from '../swarm/swarm.ts';
import { type ControlRun, runControl } from './control-run.ts';

export interface SummaryOptions {
  readonly job: string;
  /** What the job was opened with: `names`, `digits`, `idx:FOLDER` or `csv:FILE`. */
  readonly data: string;
  /** When the person asked for it, unix milliseconds: where the seconds count from. */
  readonly startedAtMs: number;
  /** Train twice more for comparison: without liars, and with them under the plain mean. */
  readonly controls: boolean;
  readonly signal?: AbortSignal;
}

export interface QuarantineSummary {
  readonly device: string;
  /** The planted liar's name; null for a device that nobody planted: a wrong accusation. */
  readonly behaviour: string | null;
  readonly reason: string;
  readonly evidenceId: string | null;
  /** From the lie to its quarantine; null where the liar's own clock is not known. */
  readonly detectionMs: number | null;
}

/** What a training among liars came to. Accuracies are shares of the held-back samples. */
export interface SwarmSummary {
  readonly accuracy: number | null;
  readonly accuracyNoLiars: number | null;
  readonly accuracyPlainMean: number | null;
  readonly majorityBaseline: number | null;
  readonly rounds: number;
  readonly secondsToFirstRound: number | null;
  readonly secondsTotal: number;
  readonly quarantined: readonly QuarantineSummary[];
  readonly wronglyQuarantined: number;
  readonly ledger: { readonly height: number; readonly stateRoot: string; readonly replicasAgreeing: number };
  readonly commitLatencyMs: { readonly p50: number; readonly p99: number };
  readonly rssMbPerDevice: { readonly median: number; readonly max: number };
}

/** Sums up a finished job of a local swarm. @throws CONTROL_FAILED */
export async function summarise(swarm: Swarm, options: SummaryOptions): Promise<SwarmSummary> {
  const { job, startedAtMs } = options;
  const firstRoundMs = swarm.firstRoundAtMs(job);
  const controls = options.controls ? await compare(swarm, options) : undefined;
  const { ledger, job: view, devices, quarantines } = swarm.snapshot();
  const planted = new Map(swarm.members().map(({ device, behaviour }) => [device, behaviour]));
  const quarantined = quarantines.map(({ device, reason, evidenceId, detectionMs }) => {
    return { device, behaviour: planted.get(device) ?? null, reason, evidenceId, detectionMs };
  });
  const resident = devices.flatMap(({ rssMb }) => (rssMb > 0 ? [rssMb] : []));
  return {
    accuracy: view?.accuracy ?? null,
    accuracyNoLiars: controls?.noLiars ?? null,
    accuracyPlainMean: controls?.plainMean ?? null,
    majorityBaseline: controls?.majority ?? null,
    rounds: view?.rounds ?? 0,
    secondsToFirstRound: firstRoundMs === undefined ? null : (firstRoundMs - startedAtMs) / 1000,
    secondsTotal: (Date.now() - startedAtMs) / 1000,
    quarantined,
    wronglyQuarantined: quarantined.filter(({ behaviour }) => behaviour === null).length,
    ledger: { height: ledger.height, stateRoot: ledger.stateRoot, replicasAgreeing: ledger.replicasAgreeing },
    commitLatencyMs: ledger.commitLatencyMs,
    rssMbPerDevice: { median: percentile(resident, 0.5), max: Math.max(0, ...resident) },
  };
}

/** The two comparison runs, side by side: same plan, split and seeds. */
async function compare(swarm: Swarm, { job, data, signal }: SummaryOptions) {
  const plan = await swarm.jobPlan(job);
  const members = swarm.members();
  const { rounds = 1 } = swarm.snapshot().job ?? {};
  const base = { plan, data, clients: members.length, rounds } satisfies Omit<ControlRun, 'liars'>;
  const [noLiars, plainMean] = await Promise.all([
    runControl({ ...base, liars: [] }, signal),
    runControl({ ...base, strategy: 'mean', liars: liarsIn(members) }, signal),
  ]);
  return { noLiars: noLiars.accuracy, plainMean: plainMean.accuracy, majority: noLiars.majority };
}

/** Those planted liars that lie in training; the others train honestly there too. */
function liarsIn(members: readonly MemberState[]): { client: number; attack: string }[] {
  return members.flatMap(({ behaviour }, client) =>
    behaviour !== null && Object.hasOwn(attacks, behaviour) ? [{ client, attack: behaviour }] : [],
  );
}
