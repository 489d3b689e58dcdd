import { checkInteger } from '@murmuration/core';
import { platform } from '#platform';

/** What one guess at a passphrase costs. */
export interface Argon2Cost {
  /** m: memory in KiB, at least 8 for each lane. */
  readonly memoryKiB: number;
  /** t: passes over the memory. */
  readonly passes: number;
  /** p: lanes. */
  readonly lanes: number;
}

/** RFC 9106 §4, the second recommended option: for where 2 GiB cannot be had. About 0.2 s on one core. */
export const ARGON2_DEFAULT_COST: Argon2Cost = { memoryKiB: 64 * 1024, passes: 3, lanes: 4 };

/** What `isArgon2Cost` lets a file ask for: no stranger's file takes all memory. */
export const ARGON2_MAX_MEMORY_KIB = 1024 * 1024;
const MAX_PASSES = 64;
const MAX_LANES = 64;

/** Whether these are parameters that a reader of foreign files will pay. */
export function isArgon2Cost({ memoryKiB, passes, lanes }: Argon2Cost): boolean {
  const whole = [memoryKiB, passes, lanes].every((value) => Number.isSafeInteger(value) && value >= 1);
  return (
    whole && lanes <= MAX_LANES && passes <= MAX_PASSES && memoryKiB >= 8 * lanes && memoryKiB <= ARGON2_MAX_MEMORY_KIB
  );
}

/**
 * Argon2id: a key from a passphrase, made dear to guess.
 *
 * @param passphrase bytes (UTF-8 of the words)
 * @param salt 16 to 64 bytes, of `Entropy`, of each store another
 * @param length bytes of the key, 16 to 64
 * @throws OPTION_OUT_OF_RANGE
 * @see RFC 9106
 */
export function argon2id(passphrase: Uint8Array, salt: Uint8Array, cost: Argon2Cost, length: number): Uint8Array {
  checkInteger('length of an Argon2id salt', salt.length, 16, 64);
  checkInteger('length of an Argon2id key', length, 16, 64);
  checkInteger('lanes of Argon2id', cost.lanes, 1, MAX_LANES);
  checkInteger('passes of Argon2id', cost.passes, 1, MAX_PASSES);
  checkInteger('memory of Argon2id', cost.memoryKiB, 8 * cost.lanes, ARGON2_MAX_MEMORY_KIB);
  return platform.argon2id({ passphrase, salt, ...cost, length });
}
