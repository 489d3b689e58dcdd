import { type DeviceId, toHex } from '@murmuration/core';
import {
  type Dataset,
  type Evaluation,
  initialModel,
  type LocalUpdate,
  localRandom,
  localUpdate,
  type MlpSpec,
  modelFromBytes,
  modelSpec,
  parameterCount,
  type SplitDataset,
  splitForPlan,
  type Trainer,
  type TrainingPlan,
  takeSamples,
} from '@murmuration/learning';
import type { JobEntry, Ledger, RoundEntry } from '@murmuration/ledger';
import type { BlobService } from '../blob-service.ts';
import type { Chain } from '../chain.ts';
import type { ServiceDeps } from '../deps.ts';

/** What learning needs of the world besides ports. */
export interface LearningWorld {
  /** Loads what the plan names, and checks it against what the plan says of it. */
  loadData(plan: TrainingPlan): Promise<SplitDataset>;
  createTrainer(model: MlpSpec): Promise<Trainer>;
  /** Called after each large piece of work, when much memory can be given back. */
  relieve(): void;
}

export interface JobContextDeps extends ServiceDeps {
  readonly chain: Chain;
  readonly blobs: BlobService;
  readonly world: LearningWorld;
  /** A planted liar's change of its own samples. */
  readonly poison?: (data: Dataset) => Dataset;
}

interface LocalData {
  /** This device's own samples; none of the others' stay in memory. */
  readonly shard: Dataset;
  readonly test: Dataset;
}

/** One job as this device works on it: its plan, its shard, its trainer, the model that stands. */
export class JobContext implements AsyncDisposable {
  readonly job: string;
  readonly plan: TrainingPlan;
  /** Length of the flat vector of weights. */
  readonly weights: number;
  private readonly deps: JobContextDeps;
  private readonly listed: readonly DeviceId[];
  private data: Promise<LocalData> | undefined;
  private trainer: Promise<Trainer> | undefined;
  /** The trainer takes one call at a time: calls queue here. */
  private busy: Promise<unknown> = Promise.resolve();
  private model: { hash: string; weights: Float32Array } | undefined;
  private readonly stopping = new AbortController();

  constructor(deps: JobContextDeps, entry: JobEntry, plan: TrainingPlan) {
    this.deps = deps;
    this.job = entry.job;
    this.listed = entry.participants;
    this.plan = plan;
    this.weights = parameterCount(modelSpec(plan));
  }

  /** After work that leaves much behind. */
  relieve(): void {
    this.deps.world.relieve();
  }

  /** Whether the job asks this device for updates at all, quarantined or not. */
  isListed(device: DeviceId): boolean {
    return this.listed.length === 0 || this.listed.includes(device);
  }

  /**
   * Participants that were in quarantine when the round opened. Counted at that height and not now: every
   * replica must come to the same, whenever it computes.
   */
  quarantinedAt(ledger: Ledger, round: RoundEntry): readonly DeviceId[] {
    const inForce = ledger
      .quarantines()
      .filter(({ sinceHeight }) => sinceHeight <= round.openedHeight)
      .filter(({ untilMs }) => untilMs === null || untilMs > round.openedMs);
    return inForce.map(({ device }) => device).filter((device) => this.isListed(device));
  }

  /** Who is asked for an update right now, ascending. */
  participants(ledger: Ledger): readonly DeviceId[] {
    const all = this.listed.length > 0 ? this.listed : ledger.devices().map(({ device }) => device);
    return all.filter((device) => !ledger.isQuarantined(device)).sort();
  }

  /**
   * @param hash null for the initial model
   * @returns undefined where nobody has handed the model over yet
   */
  async modelOf(hash: Uint8Array | null): Promise<Float32Array | undefined> {
    const name = hash === null ? 'initial' : toHex(hash);
    if (this.model?.hash === name) return this.model.weights;
    const weights = hash === null ? initialModel(this.plan) : await this.fetchModel(hash);
    if (weights !== undefined) this.model = { hash: name, weights };
    return weights;
  }

  /**
   * Trains on this device's shard.
   * @param round from 1, as the ledger counts
   * @returns undefined where the shard is empty
   */
  async train(round: number, model: Float32Array): Promise<LocalUpdate | undefined> {
    const { plan } = this;
    const { shard: data } = await this.local();
    if (data.size === 0) return undefined;
    const trainer = await this.openTrainer();
    const random = localRandom(plan, this.deps.identity.device, round);
    const { signal } = this.stopping;
    const update = await this.alone(() =>
      localUpdate(trainer, { plan, model, data, round: round - 1, random, signal }),
    );
    this.deps.world.relieve();
    return update;
  }

  /** On the held-back samples. */
  async evaluate(weights: Float32Array): Promise<Evaluation> {
    const { test } = await this.local();
    const trainer = await this.openTrainer();
    return this.alone(() => trainer.evaluate(weights, test));
  }

  async samples(): Promise<number> {
    return (await this.local()).shard.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping.abort();
    await this.busy.catch(() => undefined);
    const trainer = await this.trainer?.catch(() => undefined);
    await trainer?.[Symbol.asyncDispose]();
  }

  private async fetchModel(hash: Uint8Array): Promise<Float32Array | undefined> {
    const bytes = await this.deps.blobs.fetch('model', hash, this.deps.port.peers());
    return bytes.ok ? modelFromBytes(this.plan, bytes.value) : undefined;
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.busy.then(work, work);
    this.busy = result.catch(() => undefined);
    return result;
  }

  private openTrainer(): Promise<Trainer> {
    this.trainer ??= this.deps.world.createTrainer(modelSpec(this.plan));
    return this.trainer;
  }

  private local(): Promise<LocalData> {
    this.data ??= this.load();
    return this.data;
  }

  private async load(): Promise<LocalData> {
    const { train, test } = await this.deps.world.loadData(this.plan);
    const { clients, index } = this.seat();
    const shards = splitForPlan(this.plan, train, clients);
    const shard = takeSamples(train, shards[index] as number[]);
    this.deps.world.relieve();
    return { shard: this.deps.poison?.(shard) ?? shard, test };
  }

  /** Which share of the data is this device's: by its place among the listed devices, or among all registered. */
  private seat(): { clients: number; index: number } {
    const { chain, identity } = this.deps;
    // Who votes may change in the middle of a job; whose share is whose does not.
    const all = this.listed.length > 0 ? this.listed : chain.founders;
    const place = all.indexOf(identity.device);
    const clients = Math.max(all.length, chain.founders.length);
    if (place >= 0) return { clients, index: place };
    const members = chain.ledger.devices().map(({ device }) => device);
    return { clients, index: Math.max(0, members.indexOf(identity.device)) % clients };
  }
}
