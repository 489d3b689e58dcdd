import {
  type Commit,
  createEpochs,
  createPbft,
  decodeBatch,
  type Engine,
  type EngineEffect,
  type Liar,
  type ReplicaSet,
  verifyCommit,
} from '@murmuration/consensus';
import { type DeviceId, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createIdentity, type DeviceIdentity } from '@murmuration/identity';
import { createWorld, type World } from '@murmuration/simulator';
import { type ChangingMachine, Device, type DeviceObserver } from '../../../consensus/test/epochs/device.ts';
import {
  bundleEquivocation,
  type Command,
  createLedger,
  type Genesis,
  type Ledger,
  signCommand,
} from '../../src/index.ts';
import { genesisOf, START_MS, seededEntropy, YEAR_MS } from '../fixtures.ts';

export const LOOKAHEAD = 16;

/** Replicas and newcomers whose certificates outlive the simulated years. */
export function lastingIdentities(n: number): readonly DeviceIdentity[] {
  const options = { nowMs: START_MS, validForMs: 100 * YEAR_MS };
  return Array.from({ length: n }, (_, i) => createIdentity(seededEntropy(`lasting ${i}`), options).identity);
}

export function genesisFor(identities: readonly DeviceIdentity[]): Genesis {
  const replicas = identities.map(({ certificateBytes }) => certificateBytes);
  return { ...genesisOf(1), replicas, names: replicas.map((_, i) => `device-${i}`), lookahead: LOOKAHEAD };
}

/** The ledger as a state machine under consensus. */
export class LedgerMachine implements ChangingMachine {
  readonly ledger: Ledger;
  digest: Uint8Array;

  constructor(genesis: Genesis) {
    this.ledger = createLedger(genesis);
    this.digest = this.ledger.root();
  }

  get height(): number {
    return this.ledger.height;
  }

  get current() {
    return this.spanOf(this.height + 1);
  }

  get pending() {
    const last = this.ledger.epochs().at(-1) as ReturnType<Ledger['epochs']>[number];
    return last.baseHeight > this.height ? { next: last.set, lastHeight: last.baseHeight } : null;
  }

  spanOf(height: number) {
    const spans = this.ledger.epochs();
    return spans.findLast(({ baseHeight }) => baseHeight < height) as (typeof spans)[number];
  }

  apply(payload: Uint8Array): ChangingMachine['pending'] {
    const batch = decodeBatch(payload);
    if (!batch.ok) throw new Error(batch.reason);
    const { events } = this.ledger.apply({ height: this.height + 1, ...batch.value });
    this.digest = this.ledger.root();
    for (const event of events) {
      if (event.kind === 'replicas-changed') return { next: event.set, lastHeight: event.lastHeight };
    }
    return null;
  }
}

/** Devices with the real ledger on the real engines, in simulated time: evidence is submitted as it is found. */
export class Swarm implements DeviceObserver {
  readonly world: World;
  readonly devices: Device[] = [];
  readonly commits = new Map<number, Commit>();
  private readonly genesis: Genesis;
  private readonly identities: readonly DeviceIdentity[];
  private readonly liars: ReadonlyMap<number, Liar>;
  private readonly sequences = new Map<number, number>();
  private readonly seen = new Set<string>();
  private wrong: string | undefined;

  constructor(seed: number, genesis: Genesis, identities: readonly DeviceIdentity[], liars: ReadonlyMap<number, Liar>) {
    this.genesis = genesis;
    this.identities = identities;
    this.liars = liars;
    this.world = createWorld({ seed, promises: false, replay: 'replicas/swarm.test.ts' });
    this.world.invariant('swarm', () => this.wrong);
    const everybody = identities.map(({ device }) => device);
    for (const [at, { device }] of identities.entries()) {
      this.world.node(`device${at}`, device).onBoot((process) => {
        const makeEpochs = (machine: ChangingMachine) =>
          createEpochs({ device, current: machine.current, open: (place) => this.engine(at, place) });
        const machine = new LedgerMachine(genesis);
        this.devices[at] = new Device({ device, process, machine, makeEpochs, observer: this, everybody });
        this.devices[at].start();
      });
    }
  }

  private engine(at: number, place: { set: ReplicaSet; self: number; baseHeight: number }): Engine {
    const { set, self, baseHeight } = place;
    const { signer } = this.identities[at] as DeviceIdentity;
    const options = { checkpointInterval: 32, lookahead: LOOKAHEAD };
    const engine = createPbft({ replicaSet: set, self, signer, baseHeight }, options);
    const liar = this.liars.get(at);
    if (liar === undefined) return engine;
    return {
      get status() {
        return engine.status;
      },
      step: (event) => {
        const { height, view } = engine.status;
        const context = { self, n: set.replicas.length, signer, height, view, replicaSet: set };
        return engine
          .step(event)
          .flatMap((effect): readonly EngineEffect[] =>
            effect.kind === 'send' ? liar.onSend(context, effect) : [effect],
          );
      },
    };
  }

  ledger(at: number): Ledger {
    return this.machine(at).ledger;
  }

  private machine(at: number): LedgerMachine {
    return (this.devices[at] as Device).machine as LedgerMachine;
  }

  /** Numbers of the devices that vote, as device `at` has it. */
  voters(at: number): number[] {
    const { set } = this.machine(at).current;
    return set.replicas.map(({ device }) => this.identities.findIndex((one) => one.device === device));
  }

  /** A command of device `by`, brought by replica `via`. */
  send(by: number, command: Command, via = by): void {
    const sequence = Math.max(this.sequences.get(by) ?? 0, this.ledger(via).nextSequence(this.id(by)) - 1) + 1;
    this.sequences.set(by, sequence);
    const { chainId } = this.ledger(via);
    this.devices[via]?.propose(signCommand(this.identities[by] as DeviceIdentity, chainId, sequence, command));
  }

  private id(at: number): DeviceId {
    return (this.identities[at] as DeviceIdentity).device;
  }

  /** Runs until `holds`, with work coming in all the time. */
  async until(holds: () => boolean, withinMs = 60_000): Promise<boolean> {
    const end = this.world.nowMs() + withinMs;
    while (!holds() && this.world.nowMs() < end) {
      const request = Buffer.from(`work ${this.world.nowMs()}`);
      for (const device of this.devices) if (device.epochs.status.self !== null) device.propose(request);
      await this.world.run({ untilMs: this.world.nowMs() + 250, until: holds });
    }
    return holds();
  }

  committed(device: DeviceId, _: number, commit: Commit): void {
    const at = this.identities.findIndex((one) => one.device === device);
    if (this.liars.has(at)) return;
    const known = this.commits.get(commit.height);
    this.commits.set(commit.height, commit);
    const same = known === undefined || toHex(sha3_256(known.payload)) === toHex(sha3_256(commit.payload));
    if (!same) this.wrong = `two payloads at height ${commit.height}`;
  }

  evidence(_: number, evidence: Uint8Array): void {
    const bundle = bundleEquivocation(this.genesis, evidence, this.ledger(0));
    if (!bundle.ok) this.wrong = `evidence is not taken: ${bundle.reason}`;
    if (!bundle.ok || this.seen.size > 0) return;
    this.seen.add(toHex(sha3_256(evidence)));
    this.world.after(1, 'submit evidence', () => this.send(0, { kind: 'submit-evidence', evidence: bundle.value }));
  }

  certified(block: Omit<Commit, 'finality'>, { set }: { set: ReplicaSet }): boolean {
    return verifyCommit(set, block).ok;
  }

  diverged(device: DeviceId, height: number): void {
    this.wrong = `${device} diverged at ${height}`;
  }

  started(): void {}
  sent(): void {}
  installed(): void {}
  refused(): void {}
}
