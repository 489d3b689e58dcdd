import { parentPort, workerData } from 'node:worker_threads';
import { MurmurError } from '@murmuration/core';
import {
  type BudgetLedger,
  type CkksKeyPair,
  EncryptedSum,
  expectedSum,
  loadCkks,
  releasePrivately,
} from '@murmuration/privacy';
import type {
  Answer,
  CkksCalls,
  CkksWorkerData,
  GivesOf,
  LedgerCalls,
  Question,
  TakesOf,
  WorkerKeys,
  WorkerRelease,
  WorkerReleased,
  WorkerSum,
} from './ckks-protocol.ts';
import { carry, uncarry } from './ckks-protocol.ts';
import { systemEntropy } from './system-entropy.ts';

// One instance of SEAL, its heap and its key pair, until the thread ends. Only bytes and noisy numbers leave.
const ckks = (await loadCkks()).open((workerData as CkksWorkerData).preset as 'sum');
let keys: CkksKeyPair | undefined;

const asked = new Map<number, (answer: Answer) => void>();
let nextId = 0;

/** Asks whoever started the worker, who holds the budget. */
function ask<K extends keyof LedgerCalls>(kind: K, takes: TakesOf<LedgerCalls, K>): Promise<GivesOf<LedgerCalls, K>> {
  const id = nextId++;
  return new Promise((resolve, reject) => {
    asked.set(id, (answer) => {
      if ('error' in answer) reject(uncarry(answer.error));
      else resolve(answer.gives as GivesOf<LedgerCalls, K>);
    });
    parentPort?.postMessage({ ask: { id, kind, takes } });
  });
}

const ledger: Pick<BudgetLedger, 'status' | 'release'> = {
  status: (account) => ask('status', account),
  release: async (account, charge, run) => run(await ask('debit', { account, charge })),
};

function createKeys(options: TakesOf<CkksCalls, 'create-keys'>): WorkerKeys {
  keys?.[Symbol.dispose]();
  keys = ckks.createKeyPair();
  const wanted = (options.relinearise ?? false) || (options.rotations ?? []).length > 0;
  return {
    keyId: keys.publicKey.keyId,
    publicKey: ckks.keyBytes(keys.publicKey),
    evaluationKeys: wanted ? ckks.evaluationKeyBytes(keys.secretKey, options) : null,
  };
}

function encrypt({ values, bound, publicKey }: TakesOf<CkksCalls, 'encrypt'>): Uint8Array {
  if (publicKey === undefined) return ckks.encryptToBytes(ownKeys().secretKey, values, { bound });
  const read = ckks.readPublicKey(publicKey);
  if (!read.ok) throw workerError(`the public key was refused: ${read.reason}`, 'ask its holder for it again');
  using key = read.value;
  return ckks.encryptToBytes(key, values, { bound });
}

function sum({ terms, vectors }: TakesOf<CkksCalls, 'sum'>): WorkerSum {
  using running = new EncryptedSum(ckks, terms);
  const refused: { client: string; reason: string }[] = [];
  for (const [client, wire] of vectors) {
    const added = running.add(client, wire);
    if (!added.ok) refused.push({ client, reason: added.reason });
  }
  return { wire: running.toBytes(), refused };
}

async function release({ wire, terms, account, purpose, ...options }: WorkerRelease): Promise<WorkerReleased> {
  const read = ckks.read(wire, expectedSum(ckks, terms));
  if (!read.ok) throw workerError(`the sum was refused: ${read.reason}`, 'ask the aggregator for it again');
  using vector = read.value;
  const decrypted = ckks.decrypt(vector, ownKeys().secretKey);
  return await releasePrivately(decrypted, { ...options, ledger, account, purpose, entropy: systemEntropy });
}

function ownKeys(): CkksKeyPair {
  if (keys !== undefined) return keys;
  throw workerError('this worker holds no key pair', 'create its keys first');
}

function workerError(message: string, remedy: string): MurmurError {
  return new MurmurError({ code: 'PRIVACY_CKKS_WORKER', message, remedy });
}

function run(question: Question<CkksCalls>): unknown {
  switch (question.kind) {
    case 'create-keys':
      return createKeys(question.takes);
    case 'encrypt':
      return encrypt(question.takes);
    case 'sum':
      return sum(question.takes);
    case 'release':
      return release(question.takes);
  }
}

async function answer(question: Question<CkksCalls>): Promise<void> {
  const { id } = question;
  try {
    const gives = await run(question);
    parentPort?.postMessage({ answer: { id, gives } });
  } catch (error) {
    parentPort?.postMessage({ answer: { id, error: carry(error) } });
  }
}

parentPort?.on('message', (message: { answer: Answer } | { ask: Question<CkksCalls> }) => {
  if ('ask' in message) {
    void answer(message.ask);
    return;
  }
  asked.get(message.answer.id)?.(message.answer);
  asked.delete(message.answer.id);
});
