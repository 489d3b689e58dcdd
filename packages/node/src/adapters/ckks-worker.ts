import { parentPort, workerData } from 'node:worker_threads';
import { isMurmurError, MurmurError } from '@murmuration/core';
import {
  type BudgetLedger,
  type Ckks,
  type CkksEvaluationKeys,
  type CkksSecretKey,
  EncryptedSum,
  type EncryptedVector,
  expectedSum,
  type Level,
  loadCkks,
  releasePrivately,
} from '@murmuration/privacy';
import type {
  Answer,
  CkksCalls,
  CkksWorkerData,
  Computation,
  GivesOf,
  LedgerCalls,
  Question,
  SentVector,
  TakesOf,
  WorkerKeys,
  WorkerRelease,
  WorkerReleased,
  WorkerSum,
} from './ckks-protocol.ts';
import { carry, uncarry } from './ckks-protocol.ts';
import { compute } from './ckks-statistics.ts';
import { systemEntropy } from './system-entropy.ts';

// One instance of SEAL, its heap and its keys, until the thread ends. Only bytes and noisy numbers leave.
const { preset, ...options } = workerData as CkksWorkerData;
const engine = await loadCkks(options);
const sums = preset === 'sum' ? engine.open(preset) : undefined;
const ckks: Ckks<Level> = sums ?? engine.open(preset);
let secret: CkksSecretKey | undefined;
let evaluation: CkksEvaluationKeys | undefined;

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

function createKeys(wanted: TakesOf<CkksCalls, 'create-keys'>): WorkerKeys {
  const { publicKey, secretKey } = ckks.createKeyPair();
  try {
    const any = (wanted.relinearise ?? false) || (wanted.rotations ?? []).length > 0;
    const evaluationKeys = any ? ckks.evaluationKeyBytes(secretKey, wanted) : null;
    const made = { keyId: publicKey.keyId, publicKey: ckks.keyBytes(publicKey), evaluationKeys };
    takeSecretKey(secretKey);
    return made;
  } finally {
    publicKey[Symbol.dispose]();
    if (secret !== secretKey) secretKey[Symbol.dispose]();
  }
}

function loadSecretKey({ wire }: TakesOf<CkksCalls, 'load-secret-key'>): string {
  const read = ckks.readSecretKey(wire);
  wire.fill(0);
  if (!read.ok) throw refused('the secret key', read, 'take it from its store again');
  takeSecretKey(read.value);
  return read.value.keyId;
}

function takeSecretKey(key: CkksSecretKey): void {
  secret?.[Symbol.dispose]();
  secret = key;
}

function loadEvaluationKeys({ wire, keyId }: TakesOf<CkksCalls, 'load-evaluation-keys'>): undefined {
  const read = ckks.readEvaluationKeys(wire, keyId);
  if (!read.ok) throw refused('the keys to compute with', read, 'ask the key holder for them again');
  evaluation?.[Symbol.dispose]();
  evaluation = read.value;
}

function encrypt({ values, bound, publicKey }: TakesOf<CkksCalls, 'encrypt'>): Uint8Array {
  try {
    if (publicKey === undefined) return ckks.encryptToBytes(ownKey(), values, { bound });
    const read = ckks.readPublicKey(publicKey);
    if (!read.ok) throw refused('the public key', read, 'ask its holder for it again');
    using key = read.value;
    return ckks.encryptToBytes(key, values, { bound });
  } finally {
    // This thread's copy.
    values.fill(0);
  }
}

function sum({ terms, vectors }: TakesOf<CkksCalls, 'sum'>): WorkerSum {
  using running = new EncryptedSum(sumsOnly(), terms);
  const left: { client: string; reason: string }[] = [];
  for (const [client, wire] of vectors) {
    const added = running.add(client, wire);
    if (!added.ok) left.push({ client, reason: added.reason });
  }
  return { wire: running.toBytes(), refused: left };
}

function computeSent(computation: Computation): SentVector<Level> {
  using vector = compute({ open: readSent, keys: evaluationKeys }, computation);
  const { keyId, length, level, precision, errorBound } = vector;
  return {
    wire: ckks.toBytes(vector),
    expected: { keyId, length, level, maxMagnitude: precision.magnitude, maxError: errorBound },
  };
}

async function release(request: WorkerRelease): Promise<WorkerReleased> {
  const { wire, account, purpose, sensitivity, noiseMultiplier, ...rest } = request;
  const { resolution, maxKeyLeakage, maxTotalKeyLeakage } = rest;
  const expected = 'terms' in rest ? expectedSum(sumsOnly(), rest.terms) : rest.expected;
  using vector = readSent({ wire, expected });
  const decrypted = ckks.decrypt(vector, ownKey());
  return await releasePrivately(decrypted, {
    ...{ ledger, account, purpose, entropy: systemEntropy, sensitivity, noiseMultiplier },
    ...(resolution === undefined ? {} : { resolution }),
    ...(maxKeyLeakage === undefined ? {} : { maxKeyLeakage }),
    ...(maxTotalKeyLeakage === undefined ? {} : { maxTotalKeyLeakage }),
  });
}

function readSent<L extends Level>({ wire, expected }: SentVector<L>): EncryptedVector<L> {
  const read = ckks.read(wire, expected);
  if (read.ok) return read.value;
  throw refused('a vector', read, 'ask its sender for it again, or expect what was agreed on');
}

function ownKey(): CkksSecretKey {
  if (secret !== undefined) return secret;
  throw workerError('this worker holds no secret key', 'create or load its keys first', 'no-secret-key');
}

function evaluationKeys(): CkksEvaluationKeys {
  if (evaluation !== undefined) return evaluation;
  throw workerError('this worker holds no keys to compute with', 'load them first', 'no-evaluation-keys');
}

function sumsOnly(): Ckks<0> {
  if (sums !== undefined) return sums;
  throw workerError(`sums are the work of the preset "sum", not "${preset}"`, 'open a worker for sums', 'preset');
}

function refused(what: string, { reason, detail }: { reason: string; detail?: string }, remedy: string): MurmurError {
  const why = detail === undefined || detail === '' ? reason : `${reason} (${detail})`;
  return workerError(`${what} was refused: ${why}`, remedy, reason);
}

function workerError(message: string, remedy: string, reason: string): MurmurError {
  return new MurmurError({ code: 'PRIVACY_CKKS_WORKER', message, remedy, facts: { reason } });
}

function run(question: Question<CkksCalls>): unknown {
  switch (question.kind) {
    case 'create-keys':
      return createKeys(question.takes);
    case 'load-secret-key':
      return loadSecretKey(question.takes);
    case 'load-evaluation-keys':
      return loadEvaluationKeys(question.takes);
    case 'encrypt':
      return encrypt(question.takes);
    case 'sum':
      return sum(question.takes);
    case 'compute':
      return computeSent(question.takes);
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
    // Where SEAL failed of itself its heap is not to be trusted: it goes with the thread.
    if (isMurmurError(error, 'PRIVACY_CKKS_NATIVE')) process.exit(1);
  }
}

// One after the other: new keys do not take the place of those that a release, waiting for its debit, is to use.
let last = Promise.resolve();
parentPort?.on('message', (message: { answer: Answer } | { ask: Question<CkksCalls> }) => {
  if ('ask' in message) {
    last = last.then(() => answer(message.ask));
    return;
  }
  asked.get(message.answer.id)?.(message.answer);
  asked.delete(message.answer.id);
});
