import {
  type CkksEvaluationKeys,
  type EncryptedVector,
  encryptedLinear,
  encryptedLogistic,
  encryptedMean,
  encryptedTotal,
  encryptedVariance,
  type Level,
} from '@murmuration/privacy';
import type { Computation, SentVector } from './ckks-protocol.ts';

/** What a computation needs of the instance that it runs in. */
export interface ComputeDeps {
  /** @throws PRIVACY_CKKS_WORKER where the bytes are not what was expected; the vector is disposed here */
  open<L extends Level>(sent: SentVector<L>): EncryptedVector<L>;
  /** @throws PRIVACY_CKKS_WORKER where there are none */
  keys(): CkksEvaluationKeys;
}

/** @returns the result, which the caller disposes. @throws as the function of `privacy` for each statistic */
export function compute({ open, keys }: ComputeDeps, computation: Computation): EncryptedVector<Level> {
  using opened = new DisposableStack();
  const column = <L extends Level>(sent: SentVector<L>) => opened.use(open(sent));
  switch (computation.statistic) {
    case 'total':
      return encryptedTotal(column(computation.column), keys());
    case 'mean':
      return encryptedMean(column(computation.column), keys());
    case 'variance':
      return encryptedVariance(column(computation.column), keys());
    case 'linear':
      return encryptedLinear(computation.columns.map(column), computation.model);
    case 'logistic':
      return encryptedLogistic(computation.columns.map(column), computation.model, keys());
  }
}
