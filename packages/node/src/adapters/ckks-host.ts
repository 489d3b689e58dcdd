import { checkInteger } from '@murmuration/core';
import type {
  Below,
  BudgetLedger,
  CkksPreset,
  EvaluationKeyOptions,
  Level,
  LinearModel,
  MultipliableLevel,
  SumTerms,
  TopLevel,
} from '@murmuration/privacy';
import type { Computation, SentVector, WorkerKeys, WorkerRelease, WorkerReleased, WorkerSum } from './ckks-protocol.ts';
import { CkksThread, type CkksThreadOptions } from './ckks-thread.ts';

const ENTRY = new URL(`./ckks-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** The level of a fresh vector, for each preset that computes statistics. */
const TOP = { statistics: 2, deep: 6 } as const satisfies { readonly [P in Exclude<CkksPreset, 'sum'>]: TopLevel<P> };

export interface CkksWorkerOptions extends CkksThreadOptions {
  /** As `loadCkks` takes it. @default 3 GiB */
  readonly maxHeapBytes?: number;
}

/** The key holder's part, and of whoever encrypts. */
interface KeyHolder extends AsyncDisposable {
  /** A new key pair in the place of any before. */
  createKeys(options?: EvaluationKeyOptions): Promise<WorkerKeys>;
  /**
   * The secret key that `Ckks.keyBytes` saved, in the place of any before. The bytes go over to the thread and are
   * zeros here and there once it has them. @returns the id of its public key
   * @throws PRIVACY_CKKS_WORKER where they are no key, and then the one before stays
   */
  loadSecretKey(wire: Uint8Array): Promise<string>;
  /** Under `publicKey`, or under the worker's own secret key for half the bytes. @throws as `Ckks.encrypt` */
  encrypt(values: Float64Array, bound: number, publicKey?: Uint8Array): Promise<Uint8Array>;
  /** @throws as `releasePrivately`, PRIVACY_CKKS_WORKER where the bytes are not what was expected */
  release(request: WorkerRelease): Promise<WorkerReleased>;
}

/**
 * One instance of CKKS, preset "sum", on a thread of its own: its heap of up to 4 GiB goes when the thread goes, and
 * no call gives its secret key away. Decrypted numbers come out of `release` alone, paid from `ledger`.
 */
export interface CkksWorker extends KeyHolder {
  /** Adds up what clients sent, each once; what does not fit is named and left out. @throws as `EncryptedSum` */
  sum(terms: SumTerms, vectors: Iterable<readonly [client: string, wire: Uint8Array]>): Promise<WorkerSum>;
}

/**
 * The same for statistics on encrypted columns. Vectors come and go as bytes with the level in their type, so that a
 * computation that runs out of levels does not compile here either. `Top` is the level of what `encrypt` gives.
 */
export interface CkksStatisticsWorker<Top extends Level> extends KeyHolder {
  /** The level of a fresh vector. */
  readonly top: Top;
  /**
   * What `total`, `mean`, `variance` and `logistic` compute with, in the place of any before.
   * @throws PRIVACY_CKKS_WORKER where the bytes are no such keys for `keyId`, and then those before stay
   */
  loadEvaluationKeys(wire: Uint8Array, keyId: string): Promise<void>;
  /** @throws as `encryptedTotal`; here and below PRIVACY_CKKS_WORKER where bytes are not what was expected */
  total<L extends Level>(column: SentVector<L>): Promise<SentVector<L>>;
  /** @throws as `encryptedMean` */
  mean<L extends MultipliableLevel>(column: SentVector<L>): Promise<SentVector<Below<L>>>;
  /** @throws as `encryptedVariance` */
  variance<L extends 2 | 3 | 4 | 5 | 6>(column: SentVector<L>): Promise<SentVector<Below<Below<L>>>>;
  /** @throws as `encryptedLinear` */
  linear<L extends MultipliableLevel>(
    columns: readonly SentVector<L>[],
    model: LinearModel,
  ): Promise<SentVector<Below<L>>>;
  /** @throws as `encryptedLogistic` */
  logistic<L extends 4 | 5 | 6>(
    columns: readonly SentVector<L>[],
    model: LinearModel,
  ): Promise<SentVector<Below<Below<Below<Below<L>>>>>>;
}

/**
 * @param ledger debited before anything is decrypted; `undefined` for workers that release nothing
 * @throws PRIVACY_CKKS_WORKER from each call where the thread died, was closed, is silent or has too much to do
 */
export function openCkksWorker(ledger: BudgetLedger | undefined, options: CkksWorkerOptions = {}): CkksWorker {
  const thread = openThread('sum', ledger, options);
  return {
    ...keyHolder(thread),
    sum: (terms, vectors) => thread.call('sum', { terms, vectors: [...vectors] }),
  };
}

/** @throws as `openCkksWorker` */
export function openCkksStatisticsWorker<P extends keyof typeof TOP>(
  preset: P,
  ledger: BudgetLedger | undefined,
  options: CkksWorkerOptions = {},
): CkksStatisticsWorker<(typeof TOP)[P]> {
  const thread = openThread(preset, ledger, options);
  // The thread computes at the levels that the bytes have: what it gives back is read at the level that it says.
  const compute = async <L extends Level>(computation: Computation) =>
    (await thread.call('compute', computation)) as SentVector<L>;
  return {
    ...keyHolder(thread),
    top: TOP[preset],
    loadEvaluationKeys: (wire, keyId) => thread.call('load-evaluation-keys', { wire, keyId }),
    total: (column) => compute({ statistic: 'total', column }),
    mean: (column) => compute({ statistic: 'mean', column }),
    variance: (column) => compute({ statistic: 'variance', column }),
    linear: (columns, model) => compute({ statistic: 'linear', columns, model: plainModel(model) }),
    logistic: (columns, model) => compute({ statistic: 'logistic', columns, model: plainModel(model) }),
  };
}

function openThread(preset: CkksPreset, ledger: BudgetLedger | undefined, options: CkksWorkerOptions): CkksThread {
  const maxHeapBytes = checkInteger('ckks.maxHeapBytes', options.maxHeapBytes ?? 3 * 2 ** 30, 1, 3 * 2 ** 30);
  return new CkksThread(ENTRY, { preset, maxHeapBytes }, ledger, options);
}

function keyHolder(thread: CkksThread): KeyHolder {
  return {
    createKeys: (options = {}) => thread.call('create-keys', options),
    loadSecretKey: (wire) => {
      const own = new Uint8Array(wire);
      wire.fill(0);
      return thread.call('load-secret-key', { wire: own }, [own.buffer]);
    },
    encrypt: (values, bound, publicKey) => thread.call('encrypt', { values, bound, publicKey }),
    release: (request) => thread.call('release', request),
    [Symbol.asyncDispose]: () => thread.close(),
  };
}

function plainModel({ weights, intercept }: LinearModel): LinearModel {
  return { weights: Array.from(weights), intercept };
}
