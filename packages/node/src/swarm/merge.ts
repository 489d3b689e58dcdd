import { percentile } from '../services/percentile.ts';
import type { JobView, RoundView } from '../views/learning.ts';
import type { DeviceView, LedgerView, SwarmSnapshot } from '../views/swarm.ts';
import type { QuarantineView } from '../views/trust.ts';
import type { DeviceReport } from './ipc.ts';

/** One member of the swarm as its supervisor sees it. */
export interface MemberState {
  readonly name: string;
  readonly device: string | undefined;
  readonly behaviour: string | null;
  readonly alive: boolean;
  readonly pid: number | null;
  readonly report: DeviceReport | undefined;
}

/**
 * One picture out of seven: what most living replicas agree on, and for each device what it alone can say of
 * itself. A single device that reports something else changes nothing.
 * @returns undefined while no device has reported
 */
export function mergeReports(members: readonly MemberState[], startedAtMs: number): SwarmSnapshot | undefined {
  const living = members.filter((member) => member.alive && member.report !== undefined);
  const reports = living.map((member) => member.report as DeviceReport);
  const agreed = agreedHeight(reports);
  const base = nearestTo(reports, agreed?.height);
  if (base === undefined) return lastKnown(members, startedAtMs);
  const { snapshot } = base;
  return {
    ...snapshot,
    swarm: { ...snapshot.swarm, startedAtMs },
    quorum: quorumView(snapshot, living.length),
    ledger: ledgerView(reports, snapshot, agreed),
    devices: devices(members, snapshot),
    links: reports.flatMap((report) => report.snapshot.links),
    job: jobView(reports, snapshot.job),
    quarantines: quarantines(members, snapshot.quarantines),
  };
}

interface Agreed {
  readonly height: number;
  readonly root: string;
  readonly replicas: number;
}

/** The highest height at which most living replicas had one root. Roots of earlier heights are remembered. */
function agreedHeight(reports: readonly DeviceReport[]): Agreed | undefined {
  const votes = new Map<string, Agreed>();
  for (const { height, root } of reports.flatMap((report) => report.roots)) {
    const key = `${height}/${root}`;
    votes.set(key, { height, root, replicas: (votes.get(key)?.replicas ?? 0) + 1 });
  }
  const majority = [...votes.values()].filter(({ replicas }) => 2 * replicas > reports.length);
  return majority.sort((a, b) => b.height - a.height)[0];
}

/** The report of a device that is at the agreed height, or past it by least. */
function nearestTo(reports: readonly DeviceReport[], height = 0): DeviceReport | undefined {
  const distance = (report: DeviceReport) => {
    const ahead = report.snapshot.ledger.height - height;
    return ahead >= 0 ? ahead : 1e9 - ahead;
  };
  return [...reports].sort((a, b) => distance(a) - distance(b))[0];
}

function ledgerView(reports: readonly DeviceReport[], base: SwarmSnapshot, agreed: Agreed | undefined): LedgerView {
  const latencies = reports.flatMap(({ latenciesMs }) => latenciesMs);
  const commitLatencyMs = { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  if (agreed === undefined) return { ...base.ledger, replicasAgreeing: 1, commitLatencyMs };
  const { height, root: stateRoot, replicas: replicasAgreeing } = agreed;
  return { ...base.ledger, height, stateRoot, replicasAgreeing, commitLatencyMs };
}

function quorumView({ quorum }: SwarmSnapshot, live: number): SwarmSnapshot['quorum'] {
  const health = live >= quorum.replicas ? 'healthy' : live >= quorum.quorum ? 'degraded' : 'lost';
  return { ...quorum, live, health };
}

/** Each device by its own report where it lives, else as down with what was last known. */
function devices(members: readonly MemberState[], base: SwarmSnapshot): DeviceView[] {
  const memberOf = new Map(members.map((member) => [member.device, member]));
  return base.devices.map((view) => {
    const member = memberOf.get(view.device);
    if (member === undefined) return view;
    const own = member.report?.snapshot.devices.find(({ device }) => device === view.device) ?? view;
    const { behaviour } = member;
    if (!member.alive) return { ...own, behaviour, state: 'down', pid: null, rssMb: 0 };
    if (member.report === undefined) return { ...own, behaviour, state: 'starting', pid: member.pid };
    const state = view.state === 'quarantined' ? 'quarantined' : 'up';
    return { ...own, behaviour, state, pid: member.pid };
  });
}

/** Rounds are the ledger's; the accuracy of each is the median of what devices measured. */
function jobView(reports: readonly DeviceReport[], base: JobView | null): JobView | null {
  if (base === null) return null;
  const jobs = reports.flatMap(({ snapshot }) => (snapshot.job?.job === base.job ? [snapshot.job] : []));
  const history = base.history.map((round) => ({ ...round, accuracy: medianAccuracy(jobs, round) }));
  return { ...base, history, accuracy: history.findLast(({ accuracy }) => accuracy !== null)?.accuracy ?? null };
}

function medianAccuracy(jobs: readonly JobView[], { round }: RoundView): number | null {
  const measured = jobs.flatMap(({ history }) => history.find((view) => view.round === round)?.accuracy ?? []);
  return measured.length === 0 ? null : percentile(measured, 0.5);
}

/** Adds how long each planted lie stayed unpunished, where both times are known. */
function quarantines(members: readonly MemberState[], base: readonly QuarantineView[]): QuarantineView[] {
  return base.map((view) => {
    const lieAtMs = members.find(({ device }) => device === view.device)?.report?.lieAtMs ?? null;
    const learned = members.flatMap(({ report }) => report?.quarantinedAtMs[view.device] ?? []);
    if (lieAtMs === null || learned.length === 0) return view;
    return { ...view, detectionMs: Math.max(0, percentile(learned, 0.5) - lieAtMs) };
  });
}

/** With nobody alive: the last picture of all, everybody down. */
function lastKnown(members: readonly MemberState[], startedAtMs: number): SwarmSnapshot | undefined {
  const known = members.flatMap(({ report }) => report ?? []);
  const last = nearestTo(known, Math.max(0, ...known.map(({ snapshot }) => snapshot.ledger.height)));
  if (last === undefined) return undefined;
  const { snapshot } = last;
  return {
    ...snapshot,
    swarm: { ...snapshot.swarm, startedAtMs },
    quorum: quorumView(snapshot, 0),
    devices: devices(members, snapshot),
    links: [],
  };
}
