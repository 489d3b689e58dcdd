import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { accept, checkInteger, type Result, refuse, refuseUnknownKeys } from '@murmuration/core';
import { ed25519Verify } from '@murmuration/crypto';
import { packChecks, type SignatureCheck, verdictsOf, verifyPacked } from './verifier-batch.ts';
import { type Batch, startVerifierThread, type VerifierRefusal, VerifierSeat } from './verifier-seat.ts';

export interface VerifierPoolOptions {
  /** Threads; 0 checks on the calling one. @default one less than there are cores, at least 1 */
  readonly workers?: number;
  /** Signatures waiting or under way; what would exceed it is refused whole. @default 16_384 — 2 s of one thread */
  readonly maxQueued?: number;
  /** Signatures that a thread gets at once. @default 64 — 8 ms, so that a large job spreads over all threads */
  readonly maxBatch?: number;
}

/** Ed25519 signatures checked on other threads, by the same code and with the same verdicts as `ed25519Verify`. */
export interface VerifierPool extends AsyncDisposable {
  /** Threads; 0 where the caller's own does the work. */
  readonly workers: number;
  /** Signatures waiting or under way. */
  readonly queued: number;
  /**
   * The checks are copied before this returns.
   * @returns one verdict for each, in their order; or why none was made
   * @throws CRYPTO_BAD_DOMAIN
   */
  verify(checks: readonly SignatureCheck[]): Promise<Result<readonly boolean[], VerifierRefusal>>;
}

/** A batch that outlives this many threads is checked by the calling one: a pool never loses a job. */
const MAX_DEATHS = 2;

/**
 * @param start for tests that let threads die
 * @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE
 */
export function openVerifierPool(given: VerifierPoolOptions = {}, start = startVerifierThread): VerifierPool {
  refuseUnknownKeys(given, ['workers', 'maxQueued', 'maxBatch'], 'openVerifierPool');
  const { workers = Math.max(1, availableParallelism() - 1), maxQueued = 16_384, maxBatch = 64 } = given;
  checkInteger('verifier.workers', workers, 0, 256);
  checkInteger('verifier.maxQueued', maxQueued, 1, 2 ** 24);
  checkInteger('verifier.maxBatch', maxBatch, 1, 4096);
  return new WorkerPool({ workers, maxQueued, maxBatch }, start);
}

class WorkerPool implements VerifierPool {
  readonly workers: number;
  queued = 0;
  private readonly options: Required<VerifierPoolOptions>;
  private readonly seats: readonly VerifierSeat[];
  private readonly waiting: Batch[] = [];
  private closed = false;

  constructor(options: Required<VerifierPoolOptions>, start: () => Worker) {
    this.workers = options.workers;
    this.options = options;
    const hooks = { start, onFree: () => this.dispatch(), onDeath: (batches: readonly Batch[]) => this.retry(batches) };
    this.seats = Array.from({ length: options.workers }, () => new VerifierSeat(hooks));
  }

  async verify(checks: readonly SignatureCheck[]): Promise<Result<readonly boolean[], VerifierRefusal>> {
    if (this.closed) return refuse('verifier-closed');
    refuseBadDomains(checks);
    if (this.workers === 0) return accept(checks.map(verifyInline));
    if (this.queued + checks.length > this.options.maxQueued) {
      return refuse('verifier-queue-full', `${this.queued} signatures wait, at most ${this.options.maxQueued}`);
    }
    const batches: Promise<Result<readonly boolean[], VerifierRefusal>>[] = [];
    for (let from = 0; from < checks.length; from += this.options.maxBatch) {
      batches.push(this.enqueue(checks.slice(from, from + this.options.maxBatch)));
    }
    this.dispatch();
    const verdicts: boolean[] = [];
    for (const result of await Promise.all(batches)) {
      if (!result.ok) return result;
      verdicts.push(...result.value);
    }
    return accept(verdicts);
  }

  /** Whatever waits is answered `verifier-closed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    const left = [...this.waiting.splice(0), ...this.seats.flatMap((seat) => seat.underWay)];
    for (const batch of left) batch.settle(refuse('verifier-closed'));
    await Promise.all(this.seats.map((seat) => seat.close()));
  }

  private enqueue(checks: readonly SignatureCheck[]): Promise<Result<readonly boolean[], VerifierRefusal>> {
    const size = checks.length;
    this.queued += size;
    return new Promise((resolve) => {
      const settle: Batch['settle'] = (result) => {
        this.queued -= size;
        resolve(result);
      };
      this.waiting.push({ shared: packChecks(checks), deaths: 0, settle });
    });
  }

  /** To whoever has least to do, while anybody has room. */
  private dispatch(): void {
    while (this.waiting.length > 0 && !this.closed) {
      const seat = this.seats.reduce((least, one) => (one.underWay.length < least.underWay.length ? one : least));
      if (seat.full) return;
      seat.take(this.waiting.shift() as Batch);
    }
  }

  private retry(batches: readonly Batch[]): void {
    if (this.closed) return;
    for (const batch of batches.toReversed()) {
      batch.deaths += 1;
      if (batch.deaths < MAX_DEATHS) this.waiting.unshift(batch);
      else {
        verifyPacked(batch.shared);
        batch.settle(accept(verdictsOf(batch.shared)));
      }
    }
    this.dispatch();
  }
}

/** A bad domain is the caller's mistake: it is told at once, and no thread dies of it. */
function refuseBadDomains(checks: readonly SignatureCheck[]): void {
  const nothing = new Uint8Array(0);
  for (const domain of new Set(checks.map((check) => check.domain))) ed25519Verify(domain, nothing, nothing, nothing);
}

function verifyInline({ domain, message, signature, publicKey }: SignatureCheck): boolean {
  return ed25519Verify(domain, message, signature, publicKey);
}
