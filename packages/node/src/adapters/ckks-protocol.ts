import { MurmurError } from '@murmuration/core';
import type {
  BudgetAccount,
  BudgetStatus,
  Charge,
  CkksPreset,
  EvaluationKeyOptions,
  Level,
  LinearModel,
  MultipliableLevel,
  Receipt,
  ReleaseOptions,
  SumTerms,
  VectorExpectation,
} from '@murmuration/privacy';

/** What a worker of CKKS is started with. */
export interface CkksWorkerData {
  readonly preset: CkksPreset;
  readonly maxHeapBytes: number;
}

/** A key pair of the worker. Its secret key never leaves it. */
export interface WorkerKeys {
  readonly keyId: string;
  readonly publicKey: Uint8Array;
  /** Null where none were asked for. */
  readonly evaluationKeys: Uint8Array | null;
}

/** What a sum of clients came to. */
export interface WorkerSum {
  /** Undefined where no vector was accepted. */
  readonly wire: Uint8Array | undefined;
  readonly refused: readonly { readonly client: string; readonly reason: string }[];
}

/** A vector on its way: its bytes, and what its reader expects of them. Its level is in the type. */
export interface SentVector<L extends Level> {
  readonly wire: Uint8Array;
  readonly expected: VectorExpectation<L>;
}

interface ReleaseRequest extends ReleaseOptions {
  readonly account: BudgetAccount;
  readonly purpose: string;
  readonly wire: Uint8Array;
}

/** What is released: a sum under its terms, or any vector by what the key holder expects of it. */
export type WorkerRelease = ReleaseRequest &
  ({ readonly terms: SumTerms } | { readonly expected: VectorExpectation<Level> });

/** What is computed of encrypted columns, each at a level that has room for it. */
export type Computation =
  | { readonly statistic: 'total'; readonly column: SentVector<Level> }
  | { readonly statistic: 'mean'; readonly column: SentVector<MultipliableLevel> }
  | { readonly statistic: 'variance'; readonly column: SentVector<2 | 3 | 4 | 5 | 6> }
  | {
      readonly statistic: 'linear';
      readonly columns: readonly SentVector<MultipliableLevel>[];
      readonly model: LinearModel;
    }
  | { readonly statistic: 'logistic'; readonly columns: readonly SentVector<4 | 5 | 6>[]; readonly model: LinearModel };

export interface WorkerReleased {
  readonly values: Float64Array;
  readonly sigma: number;
  readonly keyLeakage: number;
  readonly receipt: Receipt;
}

/** What each call takes and gives. */
export interface CkksCalls {
  'create-keys': { readonly takes: EvaluationKeyOptions; readonly gives: WorkerKeys };
  'load-secret-key': { readonly takes: { readonly wire: Uint8Array }; readonly gives: string };
  'load-evaluation-keys': {
    readonly takes: { readonly wire: Uint8Array; readonly keyId: string };
    readonly gives: undefined;
  };
  encrypt: {
    readonly takes: {
      readonly values: Float64Array;
      readonly bound: number;
      readonly publicKey: Uint8Array | undefined;
    };
    readonly gives: Uint8Array;
  };
  sum: {
    readonly takes: { readonly terms: SumTerms; readonly vectors: readonly (readonly [string, Uint8Array])[] };
    readonly gives: WorkerSum;
  };
  compute: { readonly takes: Computation; readonly gives: SentVector<Level> };
  release: { readonly takes: WorkerRelease; readonly gives: WorkerReleased };
}

/** The budget stays with the owner of the worker, who answers these. */
export interface LedgerCalls {
  status: { readonly takes: BudgetAccount; readonly gives: BudgetStatus };
  debit: { readonly takes: { readonly account: BudgetAccount; readonly charge: Charge }; readonly gives: Receipt };
}

export type Question<Calls> = {
  [K in keyof Calls]: { readonly id: number; readonly kind: K; readonly takes: TakesOf<Calls, K> };
}[keyof Calls];
export type TakesOf<Calls, K extends keyof Calls> = Calls[K] extends { readonly takes: infer T } ? T : never;
export type GivesOf<Calls, K extends keyof Calls> = Calls[K] extends { readonly gives: infer T } ? T : never;

export type Answer =
  | { readonly id: number; readonly gives: unknown }
  | { readonly id: number; readonly error: CarriedError };

/** An error, for another thread: there it is one of this project, whatever it was here. */
export interface CarriedError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export function carry(error: unknown): CarriedError {
  if (error instanceof MurmurError) {
    const { code, message, remedy, facts } = error;
    return { code, message, remedy, facts };
  }
  const words = error instanceof Error ? error.message : String(error);
  return {
    code: 'PRIVACY_CKKS_WORKER',
    message: `a worker of CKKS failed: ${words}`,
    remedy: 'see what it was asked, and what its budget is kept in',
    facts: { reason: words },
  };
}

export function uncarry({ code, message, remedy, facts }: CarriedError): MurmurError {
  return new MurmurError({ code, message, facts, ...(remedy === undefined ? {} : { remedy }) });
}
