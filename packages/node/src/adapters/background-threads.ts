import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Where Linux lists the threads of this process; elsewhere the folder is not there. */
const THREADS = '/proc/self/task';
/** What libuv calls the threads that native training runs on. */
const WORKER = 'libuv-worker';
/** Far enough below the event loop that a vote never waits for a training step, on two cores with seven devices. */
const STEPS_DOWN = 10;
const LOWEST = 19;

/**
 * Lowers the priority of the threads that train, so that consensus on the event loop goes first: on Linux
 * `setpriority` takes a thread. Does nothing on other systems, where training and voting share alike.
 * @returns how many threads now run in the background
 */
export function trainInBackground(): number {
  const niceness = Math.min(LOWEST, getPriority() + STEPS_DOWN);
  let lowered = 0;
  for (const thread of list()) {
    try {
      if (readFileSync(`${THREADS}/${thread}/comm`, 'utf8').trim() !== WORKER) continue;
      setPriority(Number(thread), niceness);
      lowered += 1;
    } catch {
      // The thread ended meanwhile, or this user may not: training then simply keeps its share.
    }
  }
  return lowered;
}

function list(): string[] {
  try {
    return readdirSync(THREADS);
  } catch {
    return [];
  }
}
