import { accusedOf, readEvidence } from '@murmuration/consensus';
import { bundleEquivocation, chainIdOf } from '@murmuration/ledger';
import type { Behaviour } from '../behaviours.ts';
import { BlobService } from './blob-service.ts';
import { Chain } from './chain.ts';
import { lookAhead } from './command-lookahead.ts';
import { ConsensusService } from './consensus-service.ts';
import type { ServiceDeps } from './deps.ts';
import { EvidenceService } from './evidence-service.ts';
import type { LearningWorld } from './learning/job-context.ts';
import { LearningService } from './learning/learning-service.ts';
import type { PlantedAttack } from './learning/participant.ts';
import type { OwnBudgetTerms } from './learning/private/own-budget.ts';
import type { RoundRecord } from './learning/record-book.ts';
import { LightService } from './light-service.ts';
import type { PlantedLiar } from './lying-engine.ts';
import { keyReplaced, ownCommand, replacedKey } from './own-key.ts';
import { PresenceService, type SelfFacts } from './presence-service.ts';
import { replicaEpochs } from './replica-epochs.ts';
import { claimStore, type StoreOwner } from './store-owner.ts';
import { SubmitService } from './submit-service.ts';
import { SyncService } from './sync-service.ts';

export interface DeviceServicesOptions {
  /** Replicas wait this long for an expected update. @default 10_000 */
  readonly deadlineMs?: number;
  /** Waiting work without a commit for this long starts a view change. @default 2500 */
  readonly viewTimeoutMs?: number;
  /** Heights between checkpoints. @default 64 */
  readonly checkpointInterval?: number;
  /** Behind by more than this, a device asks for a snapshot in place of blocks. @default 256 */
  readonly snapshotGap?: number;
  /** Blocks kept below the newest stable checkpoint. @default 4096 — see `ConsensusOptions` */
  readonly retainBlocks?: number;
  /** What this device's data may cost in private rounds. @default epsilon 8 at delta 1e-5 — `LearningOptions` */
  readonly privacyBudget?: OwnBudgetTerms;
  /** A planted liar. */
  readonly behaviour?: Behaviour;
  /** Ledger height from which a planted liar lies in consensus. @default 24 — some rounds run honestly before */
  readonly lieFromHeight?: number;
}

export interface DeviceServicesHooks {
  /** The store failed: the device must stop. */
  onFatal(error: unknown): void;
  /** This device measured a round. */
  onRecord(record: RoundRecord): void;
  /** A line for people. */
  onNotice?(text: string): void;
  /** What this device says of itself once a second. */
  facts(): SelfFacts;
  /** Once, before the first vote of this process leaves. */
  onVoter?(): Promise<void>;
}

const DEFAULTS = {
  deadlineMs: 10_000,
  viewTimeoutMs: 2500,
  checkpointInterval: 64,
  snapshotGap: 256,
  lieFromHeight: 24,
};
const REGISTER_RETRY_MS = 2000;

/** All of one device above its ports: the same objects in a process and under the simulator. */
export class DeviceServices implements AsyncDisposable {
  readonly chain: Chain;
  /** Of the store. */
  readonly owner: StoreOwner;
  readonly submit: SubmitService;
  readonly blobs: BlobService;
  readonly light: LightService;
  readonly learning: LearningService;
  readonly evidence: EvidenceService;
  readonly presence: PresenceService;
  /** Absent on a device that will never be a replica. */
  readonly consensus: ConsensusService | undefined;
  private readonly deps: ServiceDeps;
  private readonly hooks: DeviceServicesHooks;
  private readonly sync: SyncService;
  private lieMs: number | null = null;
  private stopped = false;

  /** Reads what the store holds and assembles the services; nothing is sent before `start`. */
  static async open(
    deps: ServiceDeps,
    world: LearningWorld,
    options: DeviceServicesOptions,
    hooks: DeviceServicesHooks,
  ): Promise<DeviceServices> {
    const { store, identity, genesis, clock } = deps;
    const claim = { chainId: chainIdOf(genesis), device: identity.device, nowMs: clock.nowMs() };
    const owner = await claimStore(store, claim);
    return new DeviceServices(deps, await Chain.open(deps), owner, world, options, hooks);
  }

  private constructor(
    deps: ServiceDeps,
    chain: Chain,
    owner: StoreOwner,
    world: LearningWorld,
    given: DeviceServicesOptions,
    hooks: DeviceServicesHooks,
  ) {
    const options = { ...DEFAULTS, ...given };
    const whole = { ...deps, chain };
    this.deps = deps;
    this.hooks = hooks;
    this.chain = chain;
    this.owner = owner;
    this.blobs = new BlobService(deps);
    this.light = new LightService(deps);
    this.sync = new SyncService(whole, { snapshotGap: options.snapshotGap }, () => this.consensus?.installed());
    const consensus = this.createConsensus(options, hooks);
    this.consensus = consensus;
    this.submit = new SubmitService(
      whole,
      consensus === undefined ? {} : { propose: (request) => consensus.propose(request) },
    );
    this.evidence = new EvidenceService({ ...whole, submit: this.submit });
    this.presence = new PresenceService(whole, {
      facts: () => hooks.facts(),
      view: () => consensus?.view ?? 0,
      onLag: (height, peer) => this.sync.catchUp(height, peer),
    });
    this.learning = new LearningService(
      { ...whole, blobs: this.blobs, submit: this.submit, world },
      {
        deadlineMs: options.deadlineMs,
        trains: given.behaviour?.trains ?? true,
        onRecord: (record) => hooks.onRecord(record),
        onNotice: (text) => hooks.onNotice?.(text),
        ...(given.privacyBudget === undefined ? {} : { privacyBudget: given.privacyBudget }),
        ...this.plantedAttack(options.deadlineMs, given.behaviour),
      },
    );
  }

  async start(): Promise<void> {
    await this.consensus?.start();
    this.presence.start();
    await this.evidence.start();
    await this.learning.start();
    this.chain.onJump(() => this.checkOwnKey());
    this.chain.onBlock(({ events }) => {
      if (events.some(({ kind }) => kind === 'key-rotated')) this.checkOwnKey();
    });
    this.checkOwnKey();
    void this.register();
  }

  /** When a planted liar first lied, wall time; null for an honest device. */
  get lieAtMs(): number | null {
    return this.lieMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped = true;
    this.presence.stop();
    this.evidence.stop();
    await this.learning.stop();
    this.submit.stop();
    await this.sync.stop();
    await this.consensus?.stop();
  }

  /** Enters this device, or the next of its keys, into the ledger where it is not in it yet. */
  private async register(): Promise<void> {
    const { deps, chain } = this;
    const command = ownCommand(deps, chain.ledger);
    if (this.stopped || command === undefined) return;
    const { outcome, reason } = await this.submit.submit(command);
    const { epoch } = deps.identity.certificate;
    const what = command.kind === 'rotate-key' ? 'key-registered' : 'registered';
    deps.log.info(what, { epoch, outcome, ...(reason === null ? {} : { reason }) });
    if (reason === 'no-continuity') this.hooks.onFatal(keyReplaced(epoch, 'one that this does not continue'));
    else if (outcome === 'refused') deps.clock.setTimer(REGISTER_RETRY_MS, () => void this.register());
  }

  /** Of two homes with one root key, the one whose key is older stops. */
  private checkOwnKey(): void {
    const error = replacedKey(this.deps, this.chain.ledger);
    if (error !== undefined && !this.stopped) this.hooks.onFatal(error);
  }

  private createConsensus(options: typeof DEFAULTS & DeviceServicesOptions, hooks: DeviceServicesHooks) {
    const { chain, deps } = this;
    const { checkpointInterval, retainBlocks, viewTimeoutMs } = options;
    const planted = this.plantedLiar(options.lieFromHeight, options.behaviour);
    const onRequests = deps.verifier && lookAhead(deps.verifier, chain);
    const epochs = replicaEpochs({ ...deps, chain }, { checkpointInterval, viewTimeoutMs, planted, onRequests });
    if (epochs === undefined) return undefined;
    return new ConsensusService(
      { ...deps, chain, epochs },
      { checkpointInterval, ...(retainBlocks === undefined ? {} : { retainBlocks }) },
      {
        onBehind: (height, from) => this.sync.catchUp(height, from),
        onEvidence: (evidence, epoch) => this.accuse(evidence, epoch),
        onFatal: (error) => hooks.onFatal(error),
        onVoter: async () => hooks.onVoter?.(),
      },
    );
  }

  /** Wraps two contradicting messages with the certificate of who signed them. */
  private accuse(evidence: Uint8Array, epoch: number): void {
    const { ledger, epochs } = this.chain;
    const read = readEvidence(evidence);
    const set = epochs.find((one) => one.set.epoch === epoch)?.set;
    const accused = read.ok ? set?.replicas[accusedOf(read.value).replica]?.device : undefined;
    // A liar that goes on lying is out already: each further proof would cost more to wrap than it is worth.
    if (accused === undefined || ledger.isQuarantined(accused)) return;
    const bundle = bundleEquivocation(this.deps.genesis, evidence, ledger);
    if (bundle.ok) void this.evidence.take(bundle.value);
    else this.deps.log.error('evidence-useless', { reason: bundle.reason });
  }

  private plantedLiar(fromHeight: number, behaviour: Behaviour | undefined): PlantedLiar | undefined {
    if (behaviour?.liar === undefined) return undefined;
    return { liar: behaviour.liar, begins: () => this.chain.height >= fromHeight, onLie: () => this.lied() };
  }

  private plantedAttack(deadlineMs: number, behaviour: Behaviour | undefined): { attack?: PlantedAttack } {
    if (behaviour?.attack === undefined) return {};
    return { attack: { attack: behaviour.attack, patienceMs: deadlineMs / 2, onLie: () => this.lied() } };
  }

  private lied(): void {
    this.lieMs ??= this.deps.clock.nowMs();
  }
}
