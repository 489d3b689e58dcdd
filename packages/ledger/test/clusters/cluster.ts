import {
  createEpochs,
  createPbft,
  type Engine,
  encodeHeader,
  type ReplicaSet,
  verifyCommit,
} from '@murmuration/consensus';
import { fromHex } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import type { World } from '@murmuration/simulator';
import { type ChangingMachine, Device, type DeviceObserver } from '../../../consensus/test/epochs/device.ts';
import {
  type Command,
  chainIdOf,
  encodeEpochProof,
  encodeStateAnswer,
  epochKey,
  type Genesis,
  type Ledger,
  signCommand,
} from '../../src/index.ts';
import { LedgerMachine } from '../replicas/swarm.ts';

/** Heights between checkpoints, and until a change of the replicas is in force. */
export const INTERVAL = 4;

/** What anyone can take from a cluster at one checkpoint. */
export interface Shot {
  readonly height: number;
  readonly header: Uint8Array;
  /** Where an epoch ends there. */
  readonly epochProof: Uint8Array | null;
  readonly chain: Uint8Array;
  /** By the id of the deal, in hexadecimal. */
  readonly deals: ReadonlyMap<string, Uint8Array>;
}

type Answers = Omit<Shot, 'header'>;

export interface ClusterOptions {
  readonly world: World;
  readonly name: string;
  readonly genesis: Genesis;
  /** The replicas of the genesis, then newcomers. */
  readonly identities: readonly DeviceIdentity[];
  /** Deals whose state is shown, in hexadecimal. */
  readonly deals: readonly string[];
  /** After each block of each device. */
  readonly onBlock: (ledger: Ledger) => void;
  readonly onWrong: (what: string) => void;
}

class ShownMachine extends LedgerMachine {
  readonly answers = new Map<number, Answers>();
  private readonly options: ClusterOptions;

  constructor(options: ClusterOptions) {
    super(options.genesis);
    this.options = options;
  }

  override apply(payload: Uint8Array): ChangingMachine['pending'] {
    const change = super.apply(payload);
    this.options.onBlock(this.ledger);
    const next = this.ledger.epochs().find(({ baseHeight }) => baseHeight > 0 && baseHeight === this.height);
    if (this.height % INTERVAL === 0 || next !== undefined) this.answers.set(this.height, this.answer(next?.set));
    this.answers.delete(this.height - 8 * INTERVAL);
    return change;
  }

  private answer(next: ReplicaSet | undefined): Answers {
    const { ledger } = this;
    const answer = (key: string) => ledger.answer(key);
    const { deals } = this.options;
    return {
      height: this.height,
      epochProof: next === undefined ? null : encodeEpochProof(next.epoch, answer(`epoch/${epochKey(next.epoch)}`)),
      chain: encodeStateAnswer(answer('meta/chain')),
      deals: new Map(deals.map((id) => [id, encodeStateAnswer(answer(`atomic/${id}`))])),
    };
  }
}

/** A cluster of the real ledger on the real engine, in simulated time, and the checkpoints that it gives away. */
export class Cluster implements DeviceObserver {
  readonly chainId: Uint8Array;
  readonly devices: Device[] = [];
  /** Ascending by height. */
  readonly shots: Shot[] = [];
  private readonly options: ClusterOptions;
  private readonly sequences = new Map<number, number>();

  constructor(options: ClusterOptions) {
    this.options = options;
    const { world, name, identities, genesis } = options;
    this.chainId = chainIdOf(genesis);
    const everybody = identities.map(({ device }) => device);
    for (const [at, { device }] of identities.entries()) {
      world.node(`${name}${at}`, device).onBoot((process) => {
        const machine = new ShownMachine(options);
        const makeEpochs = (made: ChangingMachine) =>
          createEpochs({ device, current: made.current, open: (place) => this.engine(at, machine, place) });
        this.devices[at] = new Device({ device, process, machine, makeEpochs, observer: this, everybody });
        this.devices[at].start();
      });
    }
  }

  private engine(
    at: number,
    machine: ShownMachine,
    place: { set: ReplicaSet; self: number; baseHeight: number },
  ): Engine {
    const { set, self, baseHeight } = place;
    const { signer } = this.options.identities[at] as DeviceIdentity;
    const options = { checkpointInterval: INTERVAL, lookahead: INTERVAL };
    const engine = createPbft({ replicaSet: set, self, signer, baseHeight }, options);
    return {
      get status() {
        return engine.status;
      },
      step: (event) => {
        const effects = engine.step(event);
        for (const effect of effects) {
          if (effect.kind !== 'stableCheckpoint') continue;
          const { height, stateDigest, certificate } = effect;
          this.show(machine, { chainId: set.chainId, epoch: set.epoch, height, stateDigest, certificate });
        }
        return effects;
      },
    };
  }

  private show(machine: ShownMachine, header: Parameters<typeof encodeHeader>[0]): void {
    const answers = machine.answers.get(header.height);
    if (answers === undefined || (this.shots.at(-1)?.height ?? 0) >= header.height) return;
    this.shots.push({ ...answers, header: encodeHeader(header) });
  }

  name(at: number): string {
    return `${this.options.name}${at}`;
  }

  identity(at: number): DeviceIdentity {
    return this.options.identities[at] as DeviceIdentity;
  }

  isUp(at: number): boolean {
    return this.options.world.node(this.name(at)).running;
  }

  ledger(at: number): Ledger {
    return ((this.devices[at] as Device).machine as LedgerMachine).ledger;
  }

  /** The same bytes can be brought again: `bring`. */
  sign(by: number, command: Command): Uint8Array {
    const sequence = (this.sequences.get(by) ?? 0) + 1;
    this.sequences.set(by, sequence);
    return signCommand(this.options.identities[by] as DeviceIdentity, this.chainId, sequence, command);
  }

  bring(via: number, request: Uint8Array): void {
    if (this.isUp(via)) this.devices[via]?.propose(request);
  }

  /** What each device that runs says of a deal. */
  states(id: string): (string | undefined)[] {
    const up = [...this.devices.keys()].filter((at) => this.isUp(at));
    return up.map((at) => this.ledger(at).deal(id)?.state);
  }

  certified(block: Parameters<typeof verifyCommit>[1], { set }: { set: ReplicaSet }): boolean {
    return verifyCommit(set, block).ok;
  }

  diverged(device: string, height: number): void {
    this.options.onWrong(`${device} diverged at ${height}`);
  }

  evidence(): void {
    this.options.onWrong('evidence against an honest replica');
  }

  started(): void {}
  sent(): void {}
  committed(): void {}
  installed(): void {}
  refused(): void {}
}

export function dealBytes(id: string): Uint8Array {
  return fromHex(id) as Uint8Array;
}
