import { assert, concatBytes, type Entropy, utf8 } from '@murmuration/core';
import { sha3_256, wipe } from '@murmuration/crypto';
import { type Point, scalarFromWide, scalars } from '../group/group.ts';

/** Group, hash and version of all proofs here. Bound first, so a proof means nothing under another suite. */
export const ZK_SUITE = 'murmuration/zk/ristretto255-sha3-256/v1';

/**
 * Fiat-Shamir: what the two sides of a protocol say, in order, and the challenges that follow from all of it. Each
 * message has a label, and both their lengths are hashed, so no two sequences of messages have one state.
 */
export class Transcript {
  #state: Uint8Array;

  /** @param protocol what is proven; starts a transcript of its own */
  constructor(protocol: string) {
    this.#state = sha3_256(utf8(ZK_SUITE));
    this.absorb('protocol', utf8(protocol));
  }

  absorb(label: string, message: Uint8Array): void {
    const name = utf8(label);
    this.#state = sha3_256(this.#state, lengths(name.length, message.length), name, message);
  }

  absorbNumber(label: string, value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `${label} is a safe integer`);
    this.absorb(label, utf8(String(value)));
  }

  absorbScalars(label: string, values: readonly bigint[]): void {
    this.absorb(label, concatBytes(...values.map((value) => scalars.toBytes(value))));
  }

  absorbPoint(label: string, point: Point): void {
    this.absorb(label, point.toBytes());
  }

  /** Statements: public points with their factors, in order. */
  absorbTerms(label: string, terms: readonly Weighed[]): void {
    this.absorb(
      label,
      concatBytes(...terms.flatMap(({ scalar, point }) => [scalars.toBytes(scalar), encodingOf(point)])),
    );
  }

  /** Uniform in [1, group order). The state moves on: the next one is another. */
  challenge(label: string): bigint {
    for (;;) {
      this.absorb('challenge', utf8(label));
      const challenge = scalarFromWide(this.bytes(64));
      if (challenge !== 0n) return challenge;
    }
  }

  /**
   * What a prover draws its masks from: fresh entropy, hashed with everything said so far and with its secrets. Two
   * proofs whose entropy repeats (a restored snapshot, a fork) still have masks of their own wherever anything else
   * differs, and entropy that somebody foresees gives no mask away. Good for one proof.
   * @see de Valence, Merlin, "Transcript-based RNGs"
   */
  masks(entropy: Entropy, secrets: readonly bigint[]): Entropy {
    const fresh = entropy.bytes(32);
    const witness = concatBytes(...secrets.map((secret) => scalars.toBytes(scalars.create(secret))));
    const seed = sha3_256(this.#state, utf8('masks'), lengths(fresh.length, witness.length), fresh, witness);
    wipe(fresh, witness);
    let counter = 0;
    return {
      bytes: (length) => {
        const drawn = new Uint8Array(length);
        for (let at = 0; at < length; at += 32) {
          const block = sha3_256(seed, lengths(counter++, 0));
          drawn.set(block.subarray(0, length - at), at);
          wipe(block);
        }
        return drawn;
      },
    };
  }

  /** `length` bytes that follow from everything so far, without moving on. */
  bytes(length: number): Uint8Array {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
      sha3_256(this.#state, utf8('squeeze'), lengths(i, length)),
    );
    return concatBytes(...blocks).subarray(0, length);
  }
}

interface Weighed {
  readonly scalar: bigint;
  readonly point: Point;
}

/** Encoding a point costs fifty hashes; bases and commitments come again and again. */
const encodings = new WeakMap<Point, Uint8Array>();

function encodingOf(point: Point): Uint8Array {
  const known = encodings.get(point);
  if (known !== undefined) return known;
  const encoded = point.toBytes();
  encodings.set(point, encoded);
  return encoded;
}

function lengths(a: number, b: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, a);
  view.setUint32(4, b);
  return bytes;
}
