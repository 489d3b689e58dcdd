import { MurmurError } from '@murmuration/core';
import type {
  BudgetAccount,
  BudgetStatus,
  Charge,
  CkksPreset,
  EvaluationKeyOptions,
  Receipt,
  ReleaseOptions,
  SumTerms,
} from '@murmuration/privacy';

/** What a worker of CKKS is started with. */
export interface CkksWorkerData {
  readonly preset: CkksPreset;
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

export interface WorkerRelease extends ReleaseOptions {
  readonly account: BudgetAccount;
  readonly purpose: string;
  readonly wire: Uint8Array;
  readonly terms: SumTerms;
}

export interface WorkerReleased {
  readonly values: Float64Array;
  readonly sigma: number;
  readonly keyLeakage: number;
  readonly receipt: Receipt;
}

/** What each call takes and gives. */
export interface CkksCalls {
  'create-keys': { readonly takes: EvaluationKeyOptions; readonly gives: WorkerKeys };
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

/** An error of this project, for another thread. */
export interface CarriedError {
  readonly code: string | undefined;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export function carry(error: unknown): CarriedError {
  if (error instanceof MurmurError) {
    const { code, message, remedy, facts } = error;
    return { code, message, remedy, facts };
  }
  return {
    code: undefined,
    message: error instanceof Error ? error.message : String(error),
    remedy: undefined,
    facts: {},
  };
}

export function uncarry({ code, message, remedy, facts }: CarriedError): Error {
  if (code === undefined) return new Error(message);
  return new MurmurError({ code, message, facts, ...(remedy === undefined ? {} : { remedy }) });
}
