import { checkInteger, refuseUnknownKeys } from '@murmuration/core';

export interface EpochsOptions {
  /** How long laggards of an epoch that has ended are still answered by its engine. @default 30_000 */
  readonly lingerMs?: number;
  /**
   * An epoch begins once a quorum certified the last state of the one before: its proof is then in the world. False
   * for engines that make no checkpoints. @default true
   */
  readonly awaitCheckpoint?: boolean;
  /** Time between two requests to catch up that only a peer's word calls for. @default 200 */
  readonly minHintMs?: number;
}

export type CheckedEpochsOptions = Required<EpochsOptions>;

const DEFAULTS: CheckedEpochsOptions = { lingerMs: 30_000, awaitCheckpoint: true, minHintMs: 200 };

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE */
export function checkEpochsOptions(given: EpochsOptions): CheckedEpochsOptions {
  refuseUnknownKeys(given, Object.keys(DEFAULTS), 'createEpochs');
  const options = { ...DEFAULTS, ...given };
  checkInteger('lingerMs', options.lingerMs, 1);
  checkInteger('minHintMs', options.minHintMs, 1);
  return options;
}
