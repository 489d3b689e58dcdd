import { parentPort } from 'node:worker_threads';
import { verifyPacked } from './verifier-batch.ts';

// One thread of a verifier pool: answers each batch of shared memory once its verdicts are in it.
parentPort?.on('message', (shared: SharedArrayBuffer) => {
  verifyPacked(shared);
  parentPort?.postMessage(null);
});
