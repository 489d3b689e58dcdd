import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { checkInteger, MurmurError } from '@murmuration/core';
import type { BudgetLedger, EvaluationKeyOptions, SumTerms } from '@murmuration/privacy';
import {
  type Answer,
  type CkksCalls,
  type CkksWorkerData,
  carry,
  type GivesOf,
  type LedgerCalls,
  type Question,
  type TakesOf,
  uncarry,
  type WorkerKeys,
  type WorkerRelease,
  type WorkerReleased,
  type WorkerSum,
} from './ckks-protocol.ts';

const FROM_SOURCE = import.meta.url.endsWith('.ts');
const ENTRY = fileURLToPath(new URL(`./ckks-worker${FROM_SOURCE ? '.ts' : '.js'}`, import.meta.url));

export interface CkksWorkerOptions {
  /** Calls waiting or under way; what would exceed it is refused. @default 64 */
  readonly maxQueued?: number;
}

/**
 * One instance of CKKS, preset "sum", on a thread of its own: its heap of up to 4 GiB goes when the thread goes, and
 * its secret key never leaves it. Decrypted numbers come out of `release` alone, paid from `ledger`.
 */
export interface CkksWorker extends AsyncDisposable {
  /** A new key pair in the place of any before. */
  createKeys(options?: EvaluationKeyOptions): Promise<WorkerKeys>;
  /** Under `publicKey`, or under the worker's own secret key for half the bytes. @throws as `Ckks.encrypt` */
  encrypt(values: Float64Array, bound: number, publicKey?: Uint8Array): Promise<Uint8Array>;
  /** Adds up what clients sent, each once; what does not fit is named and left out. @throws as `EncryptedSum` */
  sum(terms: SumTerms, vectors: Iterable<readonly [client: string, wire: Uint8Array]>): Promise<WorkerSum>;
  /** @throws as `releasePrivately`, PRIVACY_CKKS_WORKER where the sum is not what the terms say */
  release(request: WorkerRelease): Promise<WorkerReleased>;
}

/**
 * @param ledger debited before anything is decrypted; `undefined` for workers that release nothing
 * @throws PRIVACY_CKKS_WORKER from each call where the thread died, was closed, or has too much to do
 */
export function openCkksWorker(
  ledger: BudgetLedger | undefined,
  { maxQueued = 64 }: CkksWorkerOptions = {},
): CkksWorker {
  checkInteger('ckks.maxQueued', maxQueued, 1, 4096);
  const host = new Host(ledger, maxQueued);
  return {
    createKeys: (options = {}) => host.call('create-keys', options),
    encrypt: (values, bound, publicKey) => host.call('encrypt', { values, bound, publicKey }),
    sum: (terms, vectors) => host.call('sum', { terms, vectors: [...vectors] }),
    release: (request) => host.call('release', request),
    [Symbol.asyncDispose]: () => host.close(),
  };
}

interface Waiting {
  resolve(gives: unknown): void;
  reject(error: Error): void;
}

class Host {
  private readonly waiting = new Map<number, Waiting>();
  private readonly worker: Worker;
  private readonly ledger: BudgetLedger | undefined;
  private readonly maxQueued: number;
  private ended: string | undefined;
  private nextId = 0;

  constructor(ledger: BudgetLedger | undefined, maxQueued: number) {
    this.ledger = ledger;
    this.maxQueued = maxQueued;
    const execArgv = FROM_SOURCE ? ['--conditions=murmuration-src', '--no-warnings'] : [];
    const data: CkksWorkerData = { preset: 'sum' };
    this.worker = new Worker(ENTRY, { execArgv, workerData: data, name: 'ckks' });
    this.worker.on('message', (message) => this.hear(message));
    this.worker.on('error', (error) =>
      this.end(`it failed: ${error instanceof Error ? error.message : String(error)}`),
    );
    this.worker.on('exit', () => this.end('its thread ended'));
    this.worker.unref();
  }

  call<K extends keyof CkksCalls>(kind: K, takes: TakesOf<CkksCalls, K>): Promise<GivesOf<CkksCalls, K>> {
    if (this.ended !== undefined) return Promise.reject(unusable(this.ended));
    if (this.waiting.size >= this.maxQueued) return Promise.reject(unusable(`${this.maxQueued} calls wait already`));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: (gives) => resolve(gives as GivesOf<CkksCalls, K>), reject });
      this.worker.ref();
      this.worker.postMessage({ ask: { id, kind, takes } });
    });
  }

  async close(): Promise<void> {
    this.end('it was closed');
    await this.worker.terminate();
  }

  private hear(message: { answer: Answer } | { ask: Question<LedgerCalls> }): void {
    if ('ask' in message) {
      void this.answer(message.ask);
      return;
    }
    const { answer } = message;
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (this.waiting.size === 0) this.worker.unref();
    if ('error' in answer) waiting?.reject(uncarry(answer.error));
    else waiting?.resolve(answer.gives);
  }

  /** The debit is durable before the worker hears of it, and only then does it decrypt. */
  private async answer(question: Question<LedgerCalls>): Promise<void> {
    const { id } = question;
    try {
      const gives = await this.pay(question);
      this.worker.postMessage({ answer: { id, gives } });
    } catch (error) {
      this.worker.postMessage({ answer: { id, error: carry(error) } });
    }
  }

  private pay(question: Question<LedgerCalls>): Promise<unknown> {
    if (this.ledger === undefined) throw unusable('it was opened without a budget, and releases nothing');
    if (question.kind === 'status') return this.ledger.status(question.takes);
    const { account, charge } = question.takes;
    return this.ledger.release(account, charge, (receipt) => receipt);
  }

  private end(reason: string): void {
    this.ended ??= reason;
    for (const { reject } of this.waiting.values()) reject(unusable(this.ended));
    this.waiting.clear();
  }
}

function unusable(reason: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_CKKS_WORKER',
    message: `a worker of CKKS answers nothing: ${reason}`,
    remedy: 'open a new one; wait for answers before asking more',
    facts: { reason },
  });
}
