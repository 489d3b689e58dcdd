import { type DeviceId, MurmurError, type Random, seededRandom } from '@murmuration/core';
import { createDirectory, deviceNamed } from './directory.ts';
import { EventQueue, type QueuedEvent } from './event-queue.ts';
import { type CheckedFaults, checkFaults, type Faults } from './faults.ts';
import { createNetwork, type Network } from './network.ts';
import { createNode, type SimulatedNode } from './node.ts';
import type { Schedule } from './schedule.ts';
import { Trace } from './trace.ts';
import { hostTurns, noTurns } from './turns.ts';

export interface WorldOptions {
  /** The same seed, the same run. */
  readonly seed: number | string;
  readonly faults?: Faults;
  /** The one command that runs this seed again, named in every failure. */
  readonly replay?: string;
  /**
   * False where nothing in this world uses promises: events then follow each other without a turn of the host's
   * event loop between them, several times faster. @default true
   */
  readonly promises?: boolean;
}

export interface RunOptions {
  /** Virtual time to stop at, milliseconds since the world began. */
  readonly untilMs?: number;
  /** Looked at after every event; stops where it says so. */
  readonly until?: () => boolean;
  /** A run that takes more events than this has gone astray. @default 50_000_000 */
  readonly maxEvents?: number;
}

/** One queue of events, one seed. All that happens in it follows from these two. */
export interface World {
  readonly seed: number | string;
  readonly network: Network;
  /** For the test's own choices. */
  readonly random: Random;
  /** Virtual milliseconds since the world began. */
  nowMs(): number;
  /** The node of this name, made when first asked for. `device` can be given that once. */
  node(name: string, device?: DeviceId): SimulatedNode;
  /**
   * A second machine with the identity of node `of`: what is sent to that device reaches both, and nobody can tell
   * which of them spoke. Its disk, clock and processes are its own.
   */
  twin(name: string, of: string): SimulatedNode;
  nodes(): readonly SimulatedNode[];
  readonly faults: CheckedFaults;
  /** Changes some faults from now on. Clocks keep the errors they were made with. */
  setFaults(faults: Faults): void;
  /** Lets `happen` happen `delayMs` from now. */
  after(delayMs: number, label: string, happen: () => void): () => void;
  /**
   * Looked at after every event: says what is wrong, or undefined. The run then ends with SIMULATION_FAILED.
   */
  invariant(name: string, check: () => string | undefined): void;
  /**
   * Real work outside of virtual time (native training): time stands still until it has settled. Results are handed
   * out in the order of these calls, whichever is ready first.
   */
  external<T>(work: Promise<T>): Promise<T>;
  /** Adds a fact of the test's own to the trace. */
  record(label: string, bytes?: Uint8Array): void;
  /** @throws SIMULATION_FAILED where an invariant breaks, or an event throws (its `cause`) */
  run(options?: RunOptions): Promise<void>;
  /** Fingerprint of all that has happened: 32 hexadecimal characters. */
  traceHash(): string;
  /** Events that have happened. */
  readonly events: number;
}

interface ExternalWork {
  readonly settled: Promise<() => void>;
}

const DEFAULT_MAX_EVENTS = 50_000_000;

export function createWorld(options: WorldOptions): World {
  const random = seededRandom(options.seed);
  const queue = new EventQueue();
  const trace = new Trace();
  const nodes = new Map<string, SimulatedNode>();
  const directory = createDirectory();
  const invariants: { readonly name: string; readonly check: () => string | undefined }[] = [];
  const externals: ExternalWork[] = [];
  let faults = checkFaults(options.faults ?? {});
  let nowMs = 0;
  let sequence = 0;
  let events = 0;
  const failed: unknown[] = [];

  const schedule: Schedule = {
    nowMs: () => nowMs,
    fail: (error) => void failed.push(error),
    random,
    trace,
    get faults() {
      return faults;
    },
    after(delayMs, label, happen) {
      const event = enqueue(delayMs, label, happen);
      return () => {
        event.live = false;
      };
    },
    later: (delayMs, label, happen) => void enqueue(delayMs, label, happen),
  };
  const network = createNetwork(schedule, random.fork('network'));

  function addNode(name: string): SimulatedNode {
    const node = createNode(schedule, network, directory, name, random.fork(`node ${name}`));
    nodes.set(name, node);
    return node;
  }

  function enqueue(delayMs: number, label: string, happen: () => void): QueuedEvent {
    const event = { atMs: nowMs + Math.max(0, delayMs), sequence: sequence++, label, happen, live: true };
    queue.push(event);
    return event;
  }

  function checkInvariants(label: string): void {
    for (const { name, check } of invariants) {
      const wrong = check();
      if (wrong !== undefined) throw failure(`${name}: ${wrong}`, label);
    }
  }

  function failure(what: string, label: string, cause?: unknown): MurmurError {
    const { seed, replay } = options;
    return new MurmurError({
      code: 'SIMULATION_FAILED',
      message: `seed ${seed}, event ${events} ("${label}"), at ${Math.round(nowMs)} ms: ${what}`,
      remedy: replay === undefined ? `run seed ${seed} again` : `replay it: ${replay}`,
      facts: { seed: String(seed), events, atMs: nowMs },
      ...(cause === undefined ? {} : { cause }),
    });
  }

  async function settleExternals(turn: () => Promise<void>): Promise<void> {
    for (let work = externals.shift(); work !== undefined; work = externals.shift()) {
      (await work.settled)();
      await turn();
    }
  }

  function next(): void {
    const event = queue.pop();
    if (event === undefined) return;
    nowMs = Math.max(nowMs, event.atMs);
    events += 1;
    if (!event.live) return;
    trace.record(nowMs, event.label);
    try {
      event.happen();
    } catch (error) {
      throw failure(error instanceof Error ? error.message : String(error), event.label, error);
    }
    checkInvariants(event.label);
  }

  async function run({ untilMs = Number.POSITIVE_INFINITY, until, maxEvents }: RunOptions = {}): Promise<void> {
    const lastEvent = events + (maxEvents ?? DEFAULT_MAX_EVENTS);
    using turns = options.promises === false ? noTurns() : hostTurns();
    for (;;) {
      if (options.promises !== false) {
        await turns.turn();
        await settleExternals(turns.turn);
      }
      if (failed.length > 0) throw failure('a process failed', 'boot', failed[0]);
      if (until?.() === true) return;
      const event = queue.peek();
      if (event === undefined || event.atMs > untilMs) break;
      if (events >= lastEvent) throw failure(`more than ${maxEvents ?? DEFAULT_MAX_EVENTS} events`, event.label);
      next();
    }
    if (Number.isFinite(untilMs)) nowMs = Math.max(nowMs, untilMs);
  }

  return {
    seed: options.seed,
    network,
    random: random.fork('test'),
    nowMs: () => nowMs,
    node(name, device) {
      const known = nodes.get(name);
      if (known !== undefined) return known;
      directory.add(name, device ?? deviceNamed(name));
      return addNode(name);
    },
    twin(name, of) {
      directory.addTwin(name, of);
      return addNode(name);
    },
    nodes: () => [...nodes.values()],
    get faults() {
      return faults;
    },
    setFaults(changed) {
      faults = checkFaults({ ...faults, ...changed });
    },
    after: schedule.after,
    invariant: (name, check) => void invariants.push({ name, check }),
    external<T>(work: Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const settled = work.then(
          (value) => () => resolve(value),
          (error) => () => reject(error),
        );
        externals.push({ settled });
      });
    },
    record: (label, bytes) => trace.record(nowMs, label, bytes),
    run,
    traceHash: () => trace.hash,
    get events() {
      return events;
    },
  };
}
