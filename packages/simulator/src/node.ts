import { type Clock, type DeviceId, type MessagePort, MurmurError, type Random, type Store } from '@murmuration/core';
import { createClock, drawClockError } from './clock.ts';
import type { Directory } from './directory.ts';
import { type CallbackStore, createDisk } from './disk.ts';
import type { Network } from './network.ts';
import { createPort } from './port.ts';
import type { Schedule } from './schedule.ts';

/** The world as one process sees it. A crash ends it: its timers, promises and handlers never come back. */
export interface Process {
  readonly name: string;
  readonly clock: Clock;
  readonly port: MessagePort;
  readonly store: Store;
  /** The same disk without promises. */
  readonly disk: CallbackStore;
  readonly random: Random;
  /** Whether this process still runs. */
  readonly alive: () => boolean;
}

/** A machine: it has a disk, a clock and at most one process at a time. */
export interface SimulatedNode extends Omit<Process, 'alive'> {
  readonly device: DeviceId;
  readonly running: boolean;
  /** Processes started so far. */
  readonly boots: number;
  /** Runs `start` now, and again after every restart, with the process of that boot. */
  onBoot(start: (process: Process) => void | Promise<void>): void;
  /** Ends the process at once. Writes that are not durable yet may be lost. */
  crash(): void;
  /** Starts a new process over what is on the disk. */
  restart(): void;
  /** One bit of one durable record flips, of those whose key starts with `prefix`. @returns its key, if there is one */
  rot(prefix?: string): string | undefined;
}

export function createNode(
  schedule: Schedule,
  network: Network,
  directory: Directory,
  name: string,
  random: Random,
): SimulatedNode {
  const disk = createDisk(schedule, name, random.fork('disk'));
  const error = drawClockError(schedule, random.fork('clock'));
  const starts: ((process: Process) => void | Promise<void>)[] = [];
  let boots = 0;
  let running = false;
  let current = boot();

  function begin(start: (process: Process) => void | Promise<void>, process: Process): void {
    const started = start(process);
    if (started !== undefined) started.catch((error: unknown) => schedule.fail(error));
  }

  function boot(): Process {
    boots += 1;
    running = true;
    const own = boots;
    const alive = () => running && boots === own;
    const { port, station } = createPort(schedule, network, directory, name, alive);
    const clock = createClock(schedule, name, error, alive);
    const process = { name, clock, port, ...disk.open(alive), random: random.fork(`boot ${own}`), alive };
    network.attach(name, station);
    return process;
  }

  return {
    name,
    device: directory.deviceOf(name),
    get clock() {
      return current.clock;
    },
    get port() {
      return current.port;
    },
    get store() {
      return current.store;
    },
    get disk() {
      return current.disk;
    },
    get random() {
      return current.random;
    },
    get running() {
      return running;
    },
    get boots() {
      return boots;
    },
    onBoot(start) {
      starts.push(start);
      if (running) begin(start, current);
    },
    crash() {
      if (!running) throw wrongState(name, 'is not running, so it cannot crash');
      running = false;
      network.detach(name);
      disk.crash();
      schedule.trace.record(schedule.nowMs(), `crash ${name}`);
    },
    rot(prefix = '') {
      const key = disk.rot(prefix);
      schedule.trace.record(schedule.nowMs(), `rot ${name} ${key}`);
      return key;
    },
    restart() {
      if (running) throw wrongState(name, 'is running, so it cannot restart');
      schedule.trace.record(schedule.nowMs(), `restart ${name}`);
      current = boot();
      for (const start of starts) begin(start, current);
    },
  };
}

function wrongState(name: string, what: string): MurmurError {
  return new MurmurError({
    code: 'SIMULATION_NODE_STATE',
    message: `${name} ${what}`,
    remedy: 'look at `running` first',
    facts: { name },
  });
}
