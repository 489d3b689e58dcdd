import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './sweep.ts';

/** Processes that run seeds of one simulation. */
export interface Pool<O extends Outcome> extends AsyncDisposable {
  /** Runs a seed in one of them; each takes one at a time. */
  run(place: number, seed: number): Promise<O>;
}

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

export function startPool<O extends Outcome>(name: string, workers: number): Pool<O> {
  const execArgv = ['--conditions=murmuration-src', '--no-warnings'];
  const children = Array.from({ length: workers }, () => fork(WORKER, [name], { execArgv }));
  return {
    run: (place, seed) => ask<O>(children[place] as ChildProcess, seed),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.disconnect();
    },
  };
}

function ask<O>(child: ChildProcess, seed: number): Promise<O> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`the worker of seed ${seed} ended with ${code}`));
    child.once('exit', died);
    child.once('message', (outcome) => {
      child.off('exit', died);
      resolve(outcome as O);
    });
    child.send(seed);
  });
}
