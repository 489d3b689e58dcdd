import { maxFaulty, primaryOf, quorum } from '@murmuration/consensus';
import { accept, type DeviceId, type Result, refuse, shortDeviceId, toHex } from '@murmuration/core';
import { jobRefusal } from '../job-refusal.ts';
import type { OpenJobRequest, RoundDetail, RoundView } from '../views/learning.ts';
import type { BlockView } from '../views/ledger.ts';
import type { LightQuestion } from '../views/light.ts';
import type { PageQuery, SwarmEvent, SwarmSource } from '../views/source.ts';
import type { DeviceView, LedgerView, LinkView, QuorumView, SwarmSnapshot } from '../views/swarm.ts';
import type { EvidenceView } from '../views/trust.ts';
import { readBlocksBefore } from './block-store.ts';
import type { AppliedBlock } from './chain.ts';
import type { ServiceDeps } from './deps.ts';
import type { DeviceServices } from './device-services.ts';
import { percentile } from './percentile.ts';
import { blockView, evidenceView, jobView, quarantineView, roundDetail, roundView, trainingView } from './views.ts';

/** What one process knows beyond its services. */
export interface DeviceFacts {
  readonly version: string;
  readonly startedAtMs: number;
  readonly pid: number | null;
  readonly behaviour: string | null;
  rssMb(): number;
  addresses(): readonly string[];
  links(): readonly { readonly peer: DeviceId; readonly rttMs: number | null }[];
  /** From a request to the command that opens the job. */
  planJob(request: OpenJobRequest): Promise<Result<{ job: string; plan: Uint8Array; rounds: number }>>;
}

const REMEMBERED_BLOCKS = 512;
const SNAPSHOT_EVERY_MS = 500;

/** One device's own view of the swarm. */
export class DeviceSource implements SwarmSource {
  private readonly deps: ServiceDeps;
  private readonly services: DeviceServices;
  private readonly facts: DeviceFacts;
  private readonly listeners = new Set<(event: SwarmEvent) => void>();
  /** Outcomes of the requests of recent blocks, by height. */
  private readonly outcomes = new Map<number, readonly string[]>();
  private snapshotDue = false;

  constructor(deps: ServiceDeps, services: DeviceServices, facts: DeviceFacts) {
    this.deps = deps;
    this.services = services;
    this.facts = facts;
    services.chain.onBlock((applied) => this.announce(applied));
  }

  snapshot(): SwarmSnapshot {
    const { ledger, chainId } = this.services.chain;
    const job = this.currentJob();
    return {
      swarm: {
        id: toHex(chainId),
        name: this.deps.genesis.name,
        startedAtMs: this.facts.startedAtMs,
        version: this.facts.version,
      },
      quorum: this.quorum(),
      training: trainingView(job, ledger.devices().length),
      ledger: this.ledgerView(),
      devices: this.devices(),
      links: this.links(),
      job: job === undefined ? null : jobView(ledger, job, this.services.learning.records),
      quarantines: ledger.quarantines().map((entry) => quarantineView(entry, null)),
    };
  }

  subscribe(listener: (event: SwarmEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Tells subscribers something that no block says. */
  tell(event: SwarmEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  async blocks({ before, limit }: PageQuery): Promise<readonly BlockView[]> {
    const blocks = await readBlocksBefore(this.deps.store, before ?? this.services.chain.height + 1, limit);
    return blocks.map((block) => blockView(block, this.outcomes.get(block.height)));
  }

  async rounds(job: string, { before, limit }: PageQuery): Promise<readonly RoundView[]> {
    const { ledger } = this.services.chain;
    const entry = ledger.job(job);
    if (entry === undefined) return [];
    const views: RoundView[] = [];
    const last = Math.min(entry.round, (before ?? Number.MAX_SAFE_INTEGER) - 1);
    for (let round = last; round >= 1 && views.length < limit; round--) {
      const view = roundView(ledger, entry, round, this.services.learning.records);
      if (view !== undefined) views.push(view);
    }
    return views;
  }

  async round(job: string, round: number): Promise<RoundDetail | undefined> {
    const { ledger } = this.services.chain;
    const entry = ledger.job(job);
    return entry === undefined ? undefined : roundDetail(ledger, entry, round, this.services.learning.records);
  }

  async evidence({ before, limit }: PageQuery): Promise<readonly EvidenceView[]> {
    const all = this.services.chain.ledger.evidence().filter(({ height }) => before === undefined || height < before);
    const newest = all.sort((a, b) => b.height - a.height);
    const last = newest[limit - 1];
    return newest.filter(({ height }, i) => i < limit || height === last?.height).map(evidenceView);
  }

  evidenceBundle(id: string): Promise<Uint8Array | undefined> {
    return this.services.evidence.bundle(id);
  }

  async light(question: LightQuestion): Promise<Uint8Array | undefined> {
    const answer = await this.services.light.ask(question);
    return answer.ok ? answer.value : undefined;
  }

  async openJob(request: OpenJobRequest): Promise<Result<{ readonly job: string }>> {
    const planned = await this.facts.planJob(request).catch(jobRefusal);
    if (!planned.ok) return planned;
    const receipt = await this.services.submit.submit({ kind: 'open-job', participants: [], ...planned.value });
    if (receipt.outcome === 'refused') return refuse(receipt.reason ?? 'refused');
    return accept({ job: planned.value.job });
  }

  /**
   * Says as this device that another one is to join the replicas or to leave them: decided once a quorum of them has.
   * @returns refused with the ledger's reason
   */
  async changeReplica(device: DeviceId, change: 'join' | 'leave'): Promise<Result<void>> {
    const { outcome, reason } = await this.services.submit.submit({ kind: 'change-replica', device, change });
    return outcome === 'refused' ? refuse(reason ?? 'refused') : accept(undefined);
  }

  private currentJob() {
    const jobs = this.services.chain.ledger.jobs();
    const latest = [...jobs].sort((a, b) => b.openedMs - a.openedMs);
    return jobs.find(({ state }) => state === 'running') ?? latest[0];
  }

  private quorum(): QuorumView {
    const { replicaSet, self } = this.services.chain;
    const n = replicaSet.replicas.length;
    const present = replicaSet.replicas.filter(({ device }) => this.services.presence.isPresent(device)).length;
    const live = present + (self === undefined ? 0 : 1);
    const health = live >= n ? 'healthy' : live >= quorum(n) ? 'degraded' : 'lost';
    return { replicas: n, faultyTolerated: maxFaulty(n), quorum: quorum(n), live, health };
  }

  private ledgerView(): LedgerView {
    const { chain, presence, consensus, submit } = this.services;
    const root = toHex(chain.stateRoot);
    const beats = presence.present().filter(({ device }) => chain.replicaIndex(device) !== undefined);
    const agreeing = beats.filter(({ height, stateRoot }) => height === chain.height && toHex(stateRoot) === root);
    const view = consensus?.view ?? Math.max(0, ...beats.map((beat) => beat.view));
    const primary = chain.replicaSet.replicas[primaryOf(view, chain.replicaSet.replicas.length)];
    const latencies = submit.recentLatenciesMs;
    return {
      height: chain.height,
      stateRoot: root,
      replicasAgreeing: agreeing.length + (chain.self === undefined ? 0 : 1),
      view,
      primary: primary?.device ?? '',
      commitLatencyMs: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
    };
  }

  private devices(): DeviceView[] {
    const { ledger } = this.services.chain;
    return ledger.devices().map((entry) => {
      const own = entry.device === this.deps.identity.device ? this.ownFacts() : this.peerFacts(entry.device);
      return {
        device: entry.device,
        short: shortDeviceId(entry.device),
        name: entry.name,
        role: entry.role,
        keyEpoch: entry.epoch,
        certificateExpiresMs: entry.notAfterMs,
        ...own,
        state: ledger.isQuarantined(entry.device) ? 'quarantined' : own.state,
      };
    });
  }

  private ownFacts() {
    const { chain, consensus, learning } = this.services;
    return {
      state: 'up' as const,
      height: chain.height,
      view: consensus?.view ?? 0,
      addresses: this.facts.addresses(),
      samples: learning.samples,
      rssMb: this.facts.rssMb(),
      pid: this.facts.pid,
      behaviour: this.facts.behaviour,
    };
  }

  private peerFacts(device: DeviceId) {
    const beat = this.services.presence.present().find((other) => other.device === device);
    return {
      state: beat === undefined ? ('down' as const) : ('up' as const),
      height: beat?.height ?? 0,
      view: beat?.view ?? 0,
      addresses: [],
      samples: beat?.samples ?? 0,
      rssMb: (beat?.rssBytes ?? 0) / 2 ** 20,
      pid: null,
      behaviour: null,
    };
  }

  private links(): LinkView[] {
    const from = this.deps.identity.device;
    return this.facts.links().map(({ peer, rttMs }) => ({ from, to: peer, rttMs }));
  }

  private announce(applied: AppliedBlock): void {
    const { block, receipts, events } = applied;
    const outcomes = receipts.map(({ outcome, reason }) => reason ?? outcome);
    this.outcomes.set(block.height, outcomes);
    this.outcomes.delete(block.height - REMEMBERED_BLOCKS);
    if (this.listeners.size === 0) return;
    this.tell({ kind: 'block', block: blockView(block, outcomes) });
    const { ledger } = this.services.chain;
    for (const event of events) {
      if (event.kind === 'quarantined') {
        const entry = ledger.quarantines().find(({ device }) => device === event.device);
        if (entry !== undefined) this.tell({ kind: 'quarantine', quarantine: quarantineView(entry, null) });
      } else if (event.kind === 'evidence-recorded') {
        const entry = ledger.evidence().find(({ id }) => id === event.evidenceId);
        if (entry !== undefined) this.tell({ kind: 'evidence', evidence: evidenceView(entry) });
      } else if ('job' in event && 'round' in event) this.tellRound(event.job, event.round);
    }
    this.tellSnapshotSoon();
  }

  tellRound(job: string, round: number): void {
    const { ledger } = this.services.chain;
    const entry = ledger.job(job);
    const view = entry && roundView(ledger, entry, round, this.services.learning.records);
    if (view !== undefined) this.tell({ kind: 'round', round: view });
  }

  private tellSnapshotSoon(): void {
    if (this.snapshotDue) return;
    this.snapshotDue = true;
    this.deps.clock.setTimer(SNAPSHOT_EVERY_MS, () => {
      this.snapshotDue = false;
      this.tell({ kind: 'snapshot', snapshot: this.snapshot() });
    });
  }
}
