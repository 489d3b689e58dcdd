import { checkSameLength } from '../vectors/check.ts';

/**
 * Adds `words` to `sum` in place, modulo 2^32. Read as two's complement, a sum of masked integers is the sum of the
 * integers wherever that lies in [-2^31, 2^31).
 * @throws KERNEL_SHAPE
 */
export function addWords(sum: Int32Array, words: Int32Array): void {
  checkSameLength('addWords', sum.length, words.length);
  for (let i = 0; i < sum.length; i++) sum[i] = ((sum[i] as number) + (words[i] as number)) | 0;
}

/** Subtracts `words` from `sum` in place, modulo 2^32. @throws KERNEL_SHAPE */
export function subtractWords(sum: Int32Array, words: Int32Array): void {
  checkSameLength('subtractWords', sum.length, words.length);
  for (let i = 0; i < sum.length; i++) sum[i] = ((sum[i] as number) - (words[i] as number)) | 0;
}
