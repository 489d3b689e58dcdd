import { getRandomValues } from 'node:crypto';
import type { Entropy } from '@murmuration/core';

/** Secret bytes from the operating system. */
export const systemEntropy: Entropy = {
  bytes: (length) => getRandomValues(new Uint8Array(length)),
};
