import { type Entropy, seededRandom } from '@murmuration/core';
import type { SecretShare, ThresholdGroup } from '../../src/threshold/group.ts';
import { createNonces, type NoncePair } from '../../src/threshold/nonces.ts';

export function seededEntropy(seed: string): Entropy {
  const random = seededRandom(seed);
  return { bytes: (length) => Uint8Array.from({ length }, () => random.below(256)) };
}

/** Gives exactly these bytes, in this order, and no more. */
export function scripted(...parts: readonly Uint8Array[]): Entropy {
  const left = [...parts];
  return {
    bytes: (length) => {
      const next = left.shift();
      if (next?.length !== length) throw new Error(`asked for ${length} bytes, not ${next?.length}`);
      return next;
    },
  };
}

/** The entropy from which noble derives this scalar: it reduces 48 bytes modulo order − 1 and adds one. */
export function entropyFor(scalar: Uint8Array): Uint8Array {
  const wide = new Uint8Array(48);
  wide.set(scalar);
  for (let i = 0; i < 48; i++) {
    const byte = wide[i] as number;
    wide[i] = (byte + 255) % 256;
    if (byte !== 0) break;
  }
  return wide;
}

export interface Session {
  readonly set: {
    group: ThresholdGroup;
    commitments: NoncePair['commitment'][];
    domain: string;
    message: Uint8Array;
  };
  readonly pairs: ReadonlyMap<number, NoncePair>;
}

export function openSession(group: ThresholdGroup, signers: readonly SecretShare[], message: Uint8Array): Session {
  const pairs = new Map(
    signers.map((share) => [share.holder, createNonces(share, seededEntropy(`nonces ${share.holder} ${message}`))]),
  );
  const commitments = [...pairs.values()].map(({ commitment }) => commitment);
  return { set: { group, commitments, domain: 'murmur/test/1', message }, pairs };
}
