import { type Entropy, seededRandom } from '@murmuration/core';
import { issueCertificate } from '../src/certificate/issue.ts';
import { createOperationalKey, createRootKey, type OperationalKey, type RootKey } from '../src/index.ts';

export const NOW_MS = 1_800_000_000_000;
export const DAY_MS = 86_400_000;

/** Bytes that replay: for tests only, which is why it lives here. */
export function replayedEntropy(seed: string): Entropy {
  const random = seededRandom(seed);
  return { bytes: (length) => Uint8Array.from({ length }, () => random.uint32() & 255) };
}

export interface Link {
  readonly certificate: Uint8Array;
  readonly operationalKey: OperationalKey;
}

/** A device with `length` certificates, epochs 0 and up. */
export function deviceWithChain(seed: string, length: number): { root: RootKey; links: Link[] } {
  const entropy = replayedEntropy(seed);
  const root = createRootKey(entropy);
  const links: Link[] = [];
  for (let epoch = 0; epoch < length; epoch++) {
    const operationalKey = createOperationalKey(entropy);
    const fields = {
      operationalKey,
      notBeforeMs: NOW_MS + epoch,
      notAfterMs: NOW_MS + DAY_MS,
      capabilities: ['replica'],
    };
    links.push({ certificate: issueCertificate(root, fields, links.at(-1)), operationalKey });
  }
  return { root, links };
}

export function flipped(bytes: Uint8Array, at: number, mask = 0x01): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}
