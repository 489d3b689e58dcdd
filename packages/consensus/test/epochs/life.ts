import { type DeviceId, equalBytes, shuffle, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createWorld, makePeace, unleashChaos, type World } from '@murmuration/simulator';
import { decodeFrame } from '../../src/epochs/frame.ts';
import {
  accusedOf,
  type Commit,
  createEpochs,
  decodeBatch,
  decodeCertificate,
  type Engine,
  type EngineEffect,
  type EpochsOptions,
  type Liar,
  maxFaulty,
  type PbftOptions,
  quorum,
  type ReplicaSet,
  readEvidence,
} from '../../src/index.ts';
import { checkSigners } from '../../src/quorum/certificate.ts';
import { verifyStatement } from '../../src/quorum/statement.ts';
import { keyedHash } from '../cluster/keys.ts';
import { type ClusterProtocol, PBFT } from '../cluster/protocol.ts';
import { type ChangingMachine, Device, type DeviceObserver } from './device.ts';
import { type EpochSpan, encodeWish, Machine, type Wish } from './machine.ts';
import { setOf, type Voter, voter } from './sets.ts';

export interface LifeOptions {
  readonly seed: number;
  /** Replicas at the start, and devices that may join. @default 4 and 3 */
  readonly n?: number;
  readonly spare?: number;
  /** By the number of the device, of those that start. */
  readonly liars?: ReadonlyMap<number, Liar>;
  /** @default PBFT */
  readonly protocol?: ClusterProtocol;
  readonly pbft?: PbftOptions;
  readonly epochs?: EpochsOptions;
  /** The known-bad case: a change takes effect with the next height, and the engine is not told. */
  readonly immediate?: boolean;
  readonly chaosMs?: number;
}

const verify: Parameters<typeof verifyStatement>[0] = (_, message, signature, key) =>
  equalBytes(keyedHash(message, key), signature);

/** Devices that come and go as replicas of one chain, and everything that must hold after every event. */
export class Life implements DeviceObserver {
  readonly world: World;
  readonly devices: Device[] = [];
  readonly ids: readonly DeviceId[];
  readonly refusals = new Map<string, number>();
  readonly committedRequests = new Set<string>();
  readonly accused = new Set<DeviceId>();
  readonly requests: string[] = [];
  /** The chain as it was first committed, executed by nobody but this checker. */
  readonly chain: Machine;
  private readonly options: LifeOptions;
  private readonly genesis: ReplicaSet;
  private readonly voters: Voter[];
  private readonly decided = new Map<number, string>();
  private readonly signers = new Map<string, Voter['signer']>();
  private readonly next = new Map<DeviceId, number>();
  private readonly votes = new Map<string, string>();
  private readonly turns: number[];
  private readonly lookahead: number;
  private readonly protocol: ClusterProtocol;
  private wrong: string | undefined;
  private sequence = 0;

  constructor(options: LifeOptions) {
    const { seed, n = 4, spare = 3 } = options;
    this.options = options;
    this.protocol = options.protocol ?? PBFT;
    this.voters = Array.from({ length: n + spare }, (_, i) => voter(`device ${i}`));
    this.ids = this.voters.map(({ device }) => device);
    this.turns = this.voters.map(() => 0);
    for (const one of this.voters) this.keep(one);
    this.lookahead = options.immediate === true ? 0 : (options.pbft?.lookahead ?? 2 * (options.pbft?.window ?? 8));
    this.genesis = setOf(this.voters.slice(0, n));
    this.chain = this.machine();
    const faults = { loss: 0.02 * (seed % 3), duplication: 0.02, reordering: 0.05 * (seed % 2), maxSkewMs: 200 };
    this.world = createWorld({ seed, faults, promises: false, replay: `seed ${seed} of test/epochs` });
    this.world.invariant('epochs', () => this.wrong);
    for (const at of this.voters.keys()) this.addDevice(at);
  }

  /** A hash in the place of Ed25519: what is tested here is who votes where. */
  private keep({ key }: Voter): void {
    this.signers.set(toHex(key), { publicKey: key, sign: (_, message) => keyedHash(message, key) });
  }

  private machine(): Machine {
    return new Machine(this.genesis, this.lookahead);
  }

  private addDevice(at: number): void {
    const device = this.ids[at] as DeviceId;
    this.world.node(`device${at}`, device).onBoot((process) => {
      const makeEpochs = (machine: ChangingMachine) =>
        createEpochs(
          { device, current: machine.current, open: (place) => this.engine(at, place) },
          { lingerMs: 5000, ...this.options.epochs, ...(this.options.immediate ? { awaitCheckpoint: false } : {}) },
        );
      const deps = { device, process, machine: this.machine(), makeEpochs, observer: this, everybody: this.ids };
      this.devices[at] = new Device(deps);
      this.devices[at].start();
    });
  }

  private engine(at: number, place: { set: ReplicaSet; self: number; baseHeight: number }): Engine | null {
    const { set, self, baseHeight } = place;
    const signer = this.signers.get(toHex(set.replicas[self]?.key as Uint8Array));
    if (signer === undefined) return null;
    const { pbft, immediate, liars } = this.options;
    const engine = this.protocol.engine(
      { replicaSet: set, self, signer, baseHeight, verify },
      { checkpointInterval: 16, ...pbft, ...(immediate ? { lookahead: 1000 } : {}) },
      quorum(set.replicas.length),
    );
    const liar = liars?.get(at);
    return {
      get status() {
        return engine.status;
      },
      step: (event) => {
        if (immediate && event.kind === 'reconfigure') return [];
        const effects = engine.step(event);
        if (liar === undefined) return effects;
        const { height, view } = engine.status;
        const context = { self, n: set.replicas.length, signer, height, view, replicaSet: set };
        return effects.flatMap((effect): readonly EngineEffect[] =>
          effect.kind === 'send' ? liar.onSend(context, effect) : [effect],
        );
      },
    };
  }

  isLiar(device: DeviceId): boolean {
    return this.options.liars?.has(this.ids.indexOf(device)) === true;
  }

  submit(at: number, request = Buffer.from(`request ${this.sequence++}`) as Uint8Array): void {
    const name = toHex(request);
    if (!this.requests.includes(name)) this.requests.push(name);
    if (this.world.node(`device${at}`).running) this.devices[at]?.propose(request);
  }

  /** Some replica brings a wish before the others. */
  wish(kind: 'join' | 'leave' | 'rotate', at: number): void {
    if (kind === 'rotate') {
      this.turns[at] = (this.turns[at] as number) + 1;
      this.voters[at] = voter(`device ${at}`, this.turns[at]);
      this.keep(this.voters[at]);
    }
    const { device, key } = this.voters[at] as Voter;
    const entry = { device, key };
    const wish: Wish = kind === 'join' ? { join: entry } : kind === 'leave' ? { leave: entry } : { rotate: entry };
    for (const one of this.replicas) this.submit(one, encodeWish(wish, this.sequence));
    this.sequence += 1;
  }

  /** Numbers of the devices that vote now, as the chain has it. */
  get replicas(): number[] {
    return this.chain.current.set.replicas.map(({ device }) => this.ids.indexOf(device));
  }

  started(device: DeviceId, executed: number): void {
    this.next.set(device, executed + 1);
  }

  sent(device: DeviceId, bytes: Uint8Array): void {
    if (this.isLiar(device)) return;
    const frame = decodeFrame(bytes);
    const saying = frame.ok
      ? this.protocol.saying(this.protocol.kindOf(frame.value.message), frame.value.message)
      : null;
    if (!frame.ok || saying === null) {
      this.wrong = `${device} sent what nobody can read`;
      return;
    }
    if (saying === undefined) return;
    const { epoch } = frame.value;
    const place = `epoch ${epoch}, ${saying.place}`;
    const said = this.votes.get(`${device} ${place}`) ?? saying.says;
    if (said !== saying.says) this.wrong = `${device} voted twice in ${place}`;
    this.votes.set(`${device} ${place}`, said);
  }

  committed(device: DeviceId, epoch: number, commit: Commit): void {
    if (this.isLiar(device)) return;
    const { height } = commit;
    if (height !== this.next.get(device)) this.wrong = `${device} committed ${height}, not ${this.next.get(device)}`;
    this.next.set(device, height + 1);
    const span = this.chain.spanOf(height);
    if (span.set.epoch !== epoch) this.wrong = `height ${height} of epoch ${span.set.epoch} committed in ${epoch}`;
    else if (!this.certified(commit, span)) this.wrong = `height ${height} is committed without a certificate`;
    this.learn(commit);
  }

  /** A certified block, committed here or taken from others: the first at each height is the chain's. */
  private learn({ height, payload }: Omit<Commit, 'finality'>): void {
    const digest = toHex(sha3_256(payload));
    const known = this.decided.get(height);
    if (known !== undefined && known !== digest) this.wrong = `two payloads are committed at height ${height}`;
    if (known !== undefined) return;
    this.decided.set(height, digest);
    this.chain.apply(payload);
    const batch = decodeBatch(payload);
    for (const request of batch.ok ? batch.value.requests : []) this.committedRequests.add(toHex(request));
  }

  installed(device: DeviceId, block: Omit<Commit, 'finality'>): void {
    this.next.set(device, Math.max(this.next.get(device) ?? 1, block.height + 1));
    this.learn(block);
  }

  certified({ height, payload, certificate }: Omit<Commit, 'finality'>, span: EpochSpan): boolean {
    const set = this.protocol.chain(span.set);
    const decoded = decodeCertificate(certificate);
    if (!decoded.ok || decoded.value.epoch !== set.epoch) return false;
    const { epoch, view, signatures } = decoded.value;
    const n = set.replicas.length;
    const statement = { phase: 'commit', epoch, view, height, digest: sha3_256(payload) } as const;
    return checkSigners(signatures, n, quorum(n), ({ replica, signature }) =>
      verifyStatement(verify, set.chainId, statement, signature, set.replicas[replica]?.key as Uint8Array),
    ).ok;
  }

  evidence(epoch: number, evidence: Uint8Array): void {
    const read = readEvidence(evidence);
    const span = this.chain.spans.find(({ set }) => set.epoch === epoch);
    const accused = read.ok ? span?.set.replicas[accusedOf(read.value).replica]?.device : undefined;
    if (accused === undefined) this.wrong = 'evidence against nobody';
    else if (!this.isLiar(accused)) this.wrong = `honest ${accused} is accused`;
    else this.accused.add(accused);
  }

  refused(reason: string): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  diverged(device: DeviceId, height: number): void {
    if (!this.isLiar(device)) this.wrong = `${device} diverged at ${height}`;
  }

  /** Requests and wishes come in while things go wrong. Then they end, and what waits commits. */
  async live(wishes: number): Promise<void> {
    const { chaosMs = 12_000, n = 4 } = this.options;
    const { world } = this;
    const random = world.random.fork('life');
    const maxDown = maxFaulty(n) - (this.options.liars?.size ?? 0);
    unleashChaos(world, { untilMs: chaosMs, maxDown, everyMs: 1500, maxLengthMs: 1200 });
    for (let i = 0; i < 100; i++) {
      world.after(random.unit() * (chaosMs - 500), 'request', () => {
        const at = shuffle(random, this.replicas).find((one) => !this.isLiar(this.ids[one] as DeviceId));
        if (at !== undefined) this.submit(at);
      });
    }
    for (let i = 0; i < wishes; i++) {
      world.after((i + random.unit()) * ((chaosMs - 1000) / wishes), 'wish', () => this.someWish(random));
    }
    await world.run({ untilMs: chaosMs });
    makePeace(world);
    await this.settle(40_000);
  }

  private someWish(random: World['random']): void {
    const honest = this.replicas.filter((at) => !this.isLiar(this.ids[at] as DeviceId));
    // The honest leave while f stays as large as the number of liars.
    const liars = this.replicas.length - honest.length;
    const leaving = maxFaulty(this.replicas.length - 1) < liars ? [] : honest;
    const outside = [...this.ids.keys()].filter((at) => !this.replicas.includes(at));
    const kind = (['join', 'leave', 'rotate'] as const)[random.below(3)] ?? 'join';
    const among = kind === 'join' ? outside : kind === 'leave' ? leaving : honest;
    const at = among[random.below(Math.max(1, among.length))];
    if (at !== undefined) this.wish(kind, at);
  }

  /** Until every request is committed and every honest device is level, in one epoch. */
  async settle(withinMs: number): Promise<void> {
    const { world } = this;
    for (const name of this.requests) {
      if (this.committedRequests.has(name)) continue;
      for (const at of this.replicas) this.submit(at, new Uint8Array(Buffer.from(name, 'hex')));
    }
    const done = () => {
      if (this.requests.some((name) => !this.committedRequests.has(name)) || this.chain.pending !== null) return false;
      const honest = this.devices.filter((_, at) => !this.isLiar(this.ids[at] as DeviceId));
      const { epoch } = this.chain.current.set;
      return honest.every(
        ({ machine, epochs }) => machine.height === this.chain.height && epochs.status.set.epoch === epoch,
      );
    };
    await world.run({ untilMs: world.nowMs() + withinMs, until: done });
    if (done()) return;
    const states = this.devices.map(({ epochs, machine }, at) => {
      const { set, engine, lastHeight, self, lingering } = epochs.status;
      return `${at}: ${JSON.stringify({ height: machine.height, epoch: set.epoch, self, lastHeight, lingering, engine })}`;
    });
    throw new Error(`seed ${world.seed}: not settled, chain at ${this.chain.height}\n${states.join('\n')}`);
  }
}
