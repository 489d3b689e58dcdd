import { Worker } from 'node:worker_threads';
import { MurmurError } from '@murmuration/core';

const ENTRY = new URL(`./control-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** A training in one process with the production functions, to compare a swarm's accuracy with. */
export interface ControlRun {
  /** The plan of the job, encoded: same data, split, seeds and model. */
  readonly plan: Uint8Array;
  /** In place of the plan's rule. */
  readonly strategy?: string;
  /** `idx:FOLDER` or `csv:FILE` where the plan names files. */
  readonly data: string;
  readonly clients: number;
  readonly rounds: number;
  readonly liars: readonly { readonly client: number; readonly attack: string }[];
}

export interface ControlResult {
  /** On the held-back samples, in [0, 1]. */
  readonly accuracy: number;
  /** Of always answering the most frequent class. */
  readonly majority: number;
}

/** Runs in a thread of its own, so that the dashboard stays quick. Aborting ends the thread. @throws CONTROL_FAILED */
export function runControl(run: ControlRun, signal?: AbortSignal): Promise<ControlResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ControlResult>();
  const execArgv = ENTRY.pathname.endsWith('.ts') ? ['--conditions=murmuration-src', '--no-warnings'] : [];
  const worker = new Worker(ENTRY, { workerData: run, execArgv });
  const fail = (cause: unknown) => {
    const message = `a comparison run failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    reject(
      new MurmurError({ code: 'CONTROL_FAILED', message, remedy: 'start with --no-controls to go without', cause }),
    );
  };
  worker.once('message', resolve);
  worker.once('error', fail);
  worker.once('exit', (code) => fail(`its thread ended with ${code}`));
  signal?.addEventListener('abort', () => void worker.terminate());
  return promise;
}
