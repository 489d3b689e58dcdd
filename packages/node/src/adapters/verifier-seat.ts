import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { accept, type Result } from '@murmuration/core';
import { verdictsOf } from './verifier-batch.ts';

const FROM_SOURCE = import.meta.url.endsWith('.ts');
const ENTRY = fileURLToPath(new URL(`./verifier-worker${FROM_SOURCE ? '.ts' : '.js'}`, import.meta.url));
/** Batches that a thread holds: while it checks one, the next lies ready. */
const MAX_UNDER_WAY = 2;
/** All it does is checking: what lies on its heap is a batch. */
const LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2, codeRangeSizeMb: 8 };

export type VerifierRefusal = 'verifier-queue-full' | 'verifier-closed';

/** Checks that one thread makes at once. */
export interface Batch {
  readonly shared: SharedArrayBuffer;
  /** Threads that died while they had it. */
  deaths: number;
  readonly settle: (result: Result<readonly boolean[], VerifierRefusal>) => void;
}

export interface SeatHooks {
  start(): Worker;
  /** Room for a batch. */
  onFree(): void;
  /** The thread died with these, in their order. */
  onDeath(batches: readonly Batch[]): void;
}

export function startVerifierThread(): Worker {
  const execArgv = FROM_SOURCE ? ['--conditions=murmuration-src', '--no-warnings'] : [];
  return new Worker(ENTRY, { execArgv, resourceLimits: LIMITS, name: 'verifier' });
}

/** The place of one thread: started when there is work, and again where it died. It never keeps the process alive idle. */
export class VerifierSeat {
  underWay: Batch[] = [];
  private readonly hooks: SeatHooks;
  private worker: Worker | undefined;

  constructor(hooks: SeatHooks) {
    this.hooks = hooks;
  }

  get full(): boolean {
    return this.underWay.length >= MAX_UNDER_WAY;
  }

  take(batch: Batch): void {
    this.worker ??= this.start();
    this.underWay.push(batch);
    this.worker.ref();
    this.worker.postMessage(batch.shared);
  }

  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    this.underWay = [];
    await worker?.terminate();
  }

  private start(): Worker {
    const worker = this.hooks.start();
    worker.on('message', () => this.answered(worker));
    // Its reason is of no use here: `exit` follows, and the batches are checked by another.
    worker.on('error', () => undefined);
    worker.on('exit', () => this.died(worker));
    return worker;
  }

  private answered(worker: Worker): void {
    if (worker !== this.worker) return;
    const batch = this.underWay.shift();
    if (this.underWay.length === 0) worker.unref();
    batch?.settle(accept(verdictsOf(batch.shared)));
    this.hooks.onFree();
  }

  private died(worker: Worker): void {
    if (worker !== this.worker) return;
    const batches = this.underWay;
    this.worker = undefined;
    this.underWay = [];
    this.hooks.onDeath(batches);
  }
}
