import { Worker } from 'node:worker_threads';
import { checkInteger, MurmurError } from '@murmuration/core';
import type { BudgetLedger } from '@murmuration/privacy';
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
} from './ckks-protocol.ts';

export interface CkksThreadOptions {
  /** Calls waiting or under way; what would exceed it is refused. @default 64 */
  readonly maxQueued?: number;
  /**
   * How long a thread with calls to answer may say nothing before it is ended, in milliseconds. @default 600_000 — the
   * longest single call, a model over columns of millions of numbers, takes minutes on a loaded machine
   */
  readonly maxSilentMs?: number;
}

interface Waiting {
  resolve(gives: unknown): void;
  reject(error: Error): void;
}

/** The owner's end of a thread: every call is answered, by the thread or by the word that it ended. */
export class CkksThread {
  private readonly waiting = new Map<number, Waiting>();
  private readonly worker: Worker;
  private readonly ledger: BudgetLedger | undefined;
  private readonly maxQueued: number;
  private readonly maxSilentMs: number;
  private silence: NodeJS.Timeout | undefined;
  private ended: string | undefined;
  private nextId = 0;

  constructor(entry: URL, data: CkksWorkerData, ledger: BudgetLedger | undefined, options: CkksThreadOptions) {
    this.ledger = ledger;
    this.maxQueued = checkInteger('ckks.maxQueued', options.maxQueued ?? 64, 1, 4096);
    this.maxSilentMs = checkInteger('ckks.maxSilentMs', options.maxSilentMs ?? 600_000, 1, 2 ** 31 - 1);
    const execArgv = entry.pathname.endsWith('.ts') ? ['--conditions=murmuration-src', '--no-warnings'] : [];
    this.worker = new Worker(entry, { execArgv, workerData: data, name: 'ckks' });
    this.worker.on('message', (message) => this.hear(message));
    this.worker.on('error', (error) =>
      this.end(`it failed: ${error instanceof Error ? error.message : String(error)}`),
    );
    this.worker.on('exit', () => this.end('its thread ended'));
    this.worker.unref();
  }

  /** @param moved buffers that go over to the thread and are empty here afterwards */
  call<K extends keyof CkksCalls>(
    kind: K,
    takes: TakesOf<CkksCalls, K>,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<GivesOf<CkksCalls, K>> {
    if (this.ended !== undefined) return Promise.reject(unusable(this.ended));
    if (this.waiting.size >= this.maxQueued) return Promise.reject(unusable(`${this.maxQueued} calls wait already`));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      try {
        this.worker.postMessage({ ask: { id, kind, takes } }, moved);
      } catch (error) {
        reject(unusable(`what it was asked cannot be sent to a thread: ${String(error)}`));
        return;
      }
      this.waiting.set(id, { resolve: (gives) => resolve(gives as GivesOf<CkksCalls, K>), reject });
      this.worker.ref();
      if (this.waiting.size === 1) this.expectWord();
    });
  }

  async close(): Promise<void> {
    this.end('it was closed');
    await this.worker.terminate();
  }

  private hear(message: { answer: Answer } | { ask: Question<LedgerCalls> }): void {
    if (this.ended !== undefined) return;
    this.expectWord();
    if ('ask' in message) {
      void this.answer(message.ask);
      return;
    }
    const { answer } = message;
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (this.waiting.size === 0) this.rest();
    if ('error' in answer) waiting?.reject(uncarry(answer.error));
    else waiting?.resolve(answer.gives);
  }

  /** The debit is durable before the thread hears of it, and only then does it decrypt. */
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

  /** From now on. SEAL can wait for ever where memory ran out. */
  private expectWord(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.end(`it said nothing for ${this.maxSilentMs} ms`);
      void this.worker.terminate();
    }, this.maxSilentMs);
  }

  private rest(): void {
    clearTimeout(this.silence);
    this.worker.unref();
  }

  private end(reason: string): void {
    this.ended ??= reason;
    this.rest();
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
