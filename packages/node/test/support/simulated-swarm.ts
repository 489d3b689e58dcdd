import { type Entropy, type Log, type MessagePort, noMetrics, seededRandom, silentLog, toHex } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import { createIdentity, type DeviceIdentity, rotateOperationalKey } from '@murmuration/identity';
import {
  createTrainer,
  encodePlan,
  loadData,
  modelSpec,
  type SplitDataset,
  type Trainer,
  type TrainingPlan,
} from '@murmuration/learning';
import type { FeePolicy, Genesis } from '@murmuration/ledger';
import { createWorld, EPOCH_MS, type Faults, type Process, type World } from '@murmuration/simulator';
import { type Behaviour, behaviourOf } from '../../src/behaviours.ts';
import type { ServiceDeps } from '../../src/services/deps.ts';
import { DeviceServices, type DeviceServicesOptions } from '../../src/services/device-services.ts';

/** What all worlds of one plan share: the samples, and one trainer that takes its turns. */
export interface Workshop extends AsyncDisposable {
  readonly plan: TrainingPlan;
  readonly data: SplitDataset;
  readonly trainer: Trainer;
}

export async function openWorkshop(plan: TrainingPlan): Promise<Workshop> {
  const trainer = inTurns(await createTrainer(modelSpec(plan)));
  return { plan, data: loadData(plan), trainer, [Symbol.asyncDispose]: () => trainer[Symbol.asyncDispose]() };
}

export interface SimulatedSwarmOptions {
  readonly seed: number | string;
  /** Replicas. @default 7 */
  readonly devices?: number;
  /** Devices that train and do not vote; they come after the replicas. @default 0 */
  readonly members?: number;
  /** Behaviour by device number. */
  readonly liars?: Readonly<Record<number, string | Behaviour>>;
  readonly faults?: Faults;
  readonly services?: Omit<DeviceServicesOptions, 'behaviour'>;
  /** How long one device's training takes, at most, in virtual time. @default 400 */
  readonly maxTrainingMs?: number;
  /** @default everything is free */
  readonly fees?: FeePolicy;
  /** Of the genesis: heights after which a change of replicas takes effect. @default the replicas never change */
  readonly lookahead?: number;
  readonly replay?: string;
  /** Told where a device stops for good. @default the world fails */
  readonly onFatal?: (name: string, error: unknown) => void;
  /** In place of a device's port: to watch what travels, or to lose it. */
  readonly portOf?: (index: number, port: MessagePort) => MessagePort;
  /** What devices say to people. */
  readonly onNotice?: (name: string, text: string) => void;
  /** For one that is being looked into. */
  readonly log?: (name: string) => Log;
}

/** A whole swarm in one simulated world: the services of the product on the simulator's ports. */
export interface SimulatedSwarm {
  readonly world: World;
  readonly names: readonly string[];
  readonly identities: readonly DeviceIdentity[];
  readonly genesis: Genesis;
  /** Ports and identity of the running process of a device. */
  deps(index: number): ServiceDeps;
  /** Of the running process; undefined while a device is down or boots. */
  services(index: number): DeviceServices | undefined;
  /** Services of all devices that run. */
  running(): readonly DeviceServices[];
  crash(index: number): void;
  restart(index: number): void;
  /** Starts a device again with its next operational key, which its process then has the ledger take. */
  rotateKey(index: number): void;
  /** Starts a second machine with the keys of a device and an empty disk. */
  twin(index: number): void;
  /** Opens a job through a device. */
  openJob(index: number, job: string, rounds: number): void;
  /** Runs until a majority of all devices has the job finished, or virtual time is up. @returns whether it has */
  finish(job: string, withinMs: number): Promise<boolean>;
  isFinished(job: string): boolean;
  /** Honest devices that any running device's ledger has in quarantine. */
  wronglyQuarantined(): readonly string[];
}

export function simulateSwarm(workshop: Workshop, options: SimulatedSwarmOptions): SimulatedSwarm {
  const { seed, devices = 7, members = 0, liars = {}, faults, services: serviceOptions, maxTrainingMs = 400 } = options;
  const world = createWorld({
    seed,
    ...(faults === undefined ? {} : { faults }),
    ...(options.replay === undefined ? {} : { replay: options.replay }),
  });
  const entropy = seededEntropy(`keys ${seed}`);
  const validity = { nowMs: EPOCH_MS, validForMs: 1e10, capabilities: [] };
  const made = Array.from({ length: devices + members }, () => createIdentity(entropy, validity));
  const identities = made.map(({ identity }) => identity);
  const earlierSigners: Signer[][] = made.map(() => []);
  const names = identities.map((_, i) => `device-${i}`);
  const genesis: Genesis = {
    name: 'simulated',
    createdMs: EPOCH_MS,
    seed: entropy.bytes(32),
    replicas: identities.slice(0, devices).map(({ certificateBytes }) => certificateBytes),
    names: names.slice(0, devices),
    ...(options.fees === undefined ? {} : { fees: options.fees.id }),
    ...(options.lookahead === undefined ? {} : { lookahead: options.lookahead }),
  };
  const current: (DeviceServices | undefined)[] = names.map(() => undefined);
  const depsOf = (index: number, process: Omit<Process, 'alive'>): ServiceDeps => {
    const name = names[index] as string;
    const identity = identities[index] as DeviceIdentity;
    const { clock, port, store, random } = process;
    return {
      clock,
      port: options.portOf?.(index, port) ?? port,
      store,
      random,
      entropy: seededEntropy(`secrets ${name} ${seed}`),
      identity,
      earlierSigners: earlierSigners[index] ?? [],
      genesis,
      ...(options.fees === undefined ? {} : { fees: options.fees }),
      name,
      log: options.log?.(name) ?? silentLog,
      metrics: noMetrics,
    };
  };

  const boot = async (i: number, name: string, process: Process): Promise<DeviceServices> => {
    const liar = liars[i];
    const behaviour = liar === undefined ? {} : { behaviour: typeof liar === 'string' ? behaviourOf(liar) : liar };
    const opened = await DeviceServices.open(
      depsOf(i, process),
      learningIn(world, process, workshop, maxTrainingMs),
      { ...serviceOptions, ...behaviour },
      {
        onFatal: (error) => {
          if (options.onFatal === undefined) throw error;
          options.onFatal(name, error);
        },
        onRecord: () => undefined,
        onNotice: (text) => options.onNotice?.(name, text),
        facts: () => ({ samples: 0, rssBytes: 0 }),
      },
    );
    await opened.start();
    return opened;
  };
  for (const [i, name] of names.entries()) {
    const identity = identities[i] as DeviceIdentity;
    world.node(name, identity.device).onBoot(async (process) => {
      current[i] = undefined;
      const opened = await boot(i, name, process);
      if (process.alive()) current[i] = opened;
    });
  }

  const running = () => current.flatMap((services) => services ?? []);
  const isFinished = (job: string) =>
    running().filter(({ chain }) => chain.ledger.job(job)?.state === 'finished').length * 2 > devices;
  checkAgreement(world, current);
  return {
    world,
    names,
    identities,
    genesis,
    deps: (index) => depsOf(index, world.node(names[index] as string)),
    services: (index) => current[index],
    running,
    crash(index) {
      current[index] = undefined;
      world.node(names[index] as string).crash();
    },
    twin(index) {
      const name = `twin-${index}`;
      world.twin(name, names[index] as string).onBoot(async (process) => void (await boot(index, name, process)));
    },
    restart: (index) => world.node(names[index] as string).restart(),
    rotateKey(index) {
      const { root } = made[index] as (typeof made)[number];
      const old = identities[index] as DeviceIdentity;
      const next = rotateOperationalKey(entropy, root, old, validity);
      earlierSigners[index]?.push(old.signer);
      identities[index] = next;
      current[index] = undefined;
      world.node(names[index] as string).crash();
      world.node(names[index] as string).restart();
    },
    openJob(index, job, rounds) {
      const plan = encodePlan(workshop.plan);
      void current[index]?.submit.submit({ kind: 'open-job', job, plan, rounds, participants: [] });
    },
    async finish(job, withinMs) {
      await world.run({ untilMs: world.nowMs() + withinMs, until: () => isFinished(job) });
      return isFinished(job);
    },
    isFinished,
    wronglyQuarantined() {
      const accused = running().flatMap(({ chain }) => chain.ledger.quarantines().map(({ device }) => device));
      return names.filter(
        (_, i) => liars[i] === undefined && accused.includes((identities[i] as DeviceIdentity).device),
      );
    },
  };
}

/** At every event: two devices at one height have one state. */
function checkAgreement(world: World, current: readonly (DeviceServices | undefined)[]): void {
  const roots = new Map<number, string>();
  const seen = new Map<DeviceServices, number>();
  world.invariant('agreement', () => {
    for (const services of current) {
      if (services === undefined || seen.get(services) === services.chain.height) continue;
      const { height, stateRoot } = services.chain;
      seen.set(services, height);
      const root = toHex(stateRoot);
      const known = roots.get(height) ?? root;
      roots.set(height, known);
      if (known !== root) return `two states at height ${height}`;
    }
    return undefined;
  });
}

function learningIn(world: World, process: Process, workshop: Workshop, maxTrainingMs: number) {
  const { clock, random } = process;
  const takeTime = () =>
    new Promise<void>((resolve) => clock.setTimer(maxTrainingMs * (0.5 + random.unit() / 2), resolve));
  const { trainer } = workshop;
  return {
    relieve: () => undefined,
    loadData: async () => workshop.data,
    createTrainer: async (): Promise<Trainer> => ({
      model: trainer.model,
      async train(request) {
        const result = await world.external(trainer.train(request));
        await takeTime();
        return result;
      },
      evaluate: (weights, data) => world.external(trainer.evaluate(weights, data)),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
}

/** One call at a time, in the order of asking. */
function inTurns(trainer: Trainer): Trainer {
  let last: Promise<unknown> = Promise.resolve();
  const turn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    model: trainer.model,
    train: (request) => turn(() => trainer.train(request)),
    evaluate: (weights, data) => turn(() => trainer.evaluate(weights, data)),
    [Symbol.asyncDispose]: () => trainer[Symbol.asyncDispose](),
  };
}

/** Keys that replay. Only for simulated devices. */
function seededEntropy(seed: string): Entropy {
  const random = seededRandom(seed);
  return { bytes: (length) => Uint8Array.from({ length }, () => random.below(256)) };
}
