import { parentPort, workerData } from 'node:worker_threads';

/** A thread that takes a call and then fails, in the way that its preset names. */
const ways: Readonly<Record<string, (id: number) => void>> = {
  exit: () => process.exit(3),
  throw: () => {
    throw new Error('out of order');
  },
  hang: () => {
    for (;;);
  },
  words: (id) => parentPort?.postMessage({ answer: { id, error: { code: 'X', message: 'no', facts: {} } } }),
};
const { preset } = workerData as { preset: string };
parentPort?.on('message', ({ ask }: { ask: { id: number } }) => ways[preset]?.(ask.id));
