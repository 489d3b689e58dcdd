import { isMurmurError } from '@murmuration/core';

/** What the shell gets. Stable; `murmur --help` lists them. */
export const EXIT = {
  ok: 0,
  /** Something we did not foresee. */
  failed: 1,
  /** Unknown flag, command, config key, or a value out of range. */
  usage: 2,
  /** No swarm answers at the address. */
  unreachable: 3,
  /** The swarm answered no, or a verification failed. */
  refused: 4,
  /** This machine is in the way: a port in use, a damaged store, missing rights. */
  environment: 5,
  interrupted: 130,
} as const;

export const EXIT_HELP = `
Exit codes
  0  done            3  no swarm answers         5  this machine is in the way
  1  failed          4  refused, or not verified    (port in use, damaged store)
  2  wrong usage     130  interrupted`;

const BY_FAMILY: Readonly<Record<string, number>> = {
  CLI: EXIT.usage,
  OPTION: EXIT.usage,
  CONFIG: EXIT.usage,
  DATA: EXIT.usage,
  GATEWAY: EXIT.unreachable,
  REQUEST: EXIT.refused,
  TOKEN: EXIT.refused,
  JOB: EXIT.refused,
  ROUND: EXIT.refused,
  DEVICE: EXIT.refused,
  EVIDENCE: EXIT.refused,
  PROOF: EXIT.refused,
  PRIVACY: EXIT.refused,
  PORT: EXIT.environment,
  ADDRESS: EXIT.environment,
  BIND: EXIT.environment,
  STORE: EXIT.environment,
  HOME: EXIT.environment,
  KEY: EXIT.environment,
  KEYS: EXIT.environment,
  NODE: EXIT.environment,
};

/** Where a code says something else than its family: a plan that cannot be read was not refused, it was not judged. */
const BY_CODE: Readonly<Record<string, number>> = {
  CLI_INTERRUPTED: EXIT.interrupted,
  CLI_OUTPUT_FILE: EXIT.environment,
  PRIVACY_PLAN_FILE: EXIT.usage,
  PRIVACY_PLAN_OPTIONS: EXIT.usage,
  PRIVACY_BAD_EVENT: EXIT.usage,
  PRIVACY_BAD_NAME: EXIT.usage,
  PRIVACY_BUDGET_FILE: EXIT.usage,
  PRIVACY_BUDGET_DAMAGED: EXIT.environment,
  KEYS_MISSING: EXIT.usage,
  KEYS_NAME: EXIT.usage,
  KEYS_PASSPHRASE: EXIT.usage,
  KEYS_LOCKED: EXIT.usage,
  KEYS_FOREIGN: EXIT.usage,
  KEYS_WRONG_PASSPHRASE: EXIT.refused,
  KEYS_SHARES: EXIT.refused,
  KEYS_REPLICA_FIXED: EXIT.refused,
  KEYS_ROTATION_UNFINISHED: EXIT.refused,
};

/** @returns the exit code for an error, by its code or else by the family that this begins with */
export function exitCodeOf(error: unknown): number {
  if (!isMurmurError(error)) return EXIT.failed;
  return BY_CODE[error.code] ?? BY_FAMILY[error.code.split('_')[0] as string] ?? EXIT.failed;
}
