import { assert, utf8 } from '@murmuration/core';
import { aesCtrKeystream, hkdfSha256 } from '@murmuration/crypto';

const BLOCK_BYTES = 4096;

/**
 * The order that a beacon draws for 0, 1, …, count − 1: Fisher-Yates without modulo bias. Everyone who knows the
 * public seed draws the same.
 * @param label what is drawn; two draws of one seed with different labels are independent
 */
export function drawOrder(seed: Uint8Array, label: string, count: number): Int32Array {
  const below = wordsOf(seed, label);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = below(i + 1);
    const kept = order[i] as number;
    order[i] = order[j] as number;
    order[j] = kept;
  }
  return order;
}

function wordsOf(seed: Uint8Array, label: string): (bound: number) => number {
  const key = hkdfSha256(seed, utf8('murmur/secure-aggregation/beacon/1'), utf8(label), 32);
  const counter = new Uint8Array(16);
  const view = new DataView(counter.buffer);
  let block: DataView = new DataView(new ArrayBuffer(0));
  let at = 0;
  const next = () => {
    if (at === block.byteLength) {
      block = new DataView(aesCtrKeystream(key, counter, BLOCK_BYTES).buffer);
      view.setUint32(12, view.getUint32(12) + BLOCK_BYTES / 16);
      at = 0;
    }
    const word = block.getUint32(at);
    at += 4;
    return word;
  };
  return (bound) => {
    assert(bound >= 1 && bound <= 2 ** 32, `a draw below ${bound}`);
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let word = next();
    while (word >= limit) word = next();
    return word % bound;
  };
}
