import { assert } from '@murmuration/core';

/**
 * The discrete Fourier transform of a power-of-two length, in place: split into decimated stages of radix 2, twiddle
 * factors each computed directly (not by recurrence), so that the relative error in the 2-norm stays within
 * log2(n) · 4 units in the last place.
 */
export interface Fft {
  readonly size: number;
  forward(re: Float64Array, im: Float64Array): void;
  /** Scaled by 1/n. */
  inverse(re: Float64Array, im: Float64Array): void;
}

export function createFft(size: number): Fft {
  assert(size >= 2 && (size & (size - 1)) === 0, `FFT size ${size} is no power of two`);
  const cosines = new Float64Array(size / 2);
  const sines = new Float64Array(size / 2);
  for (let i = 0; i < size / 2; i++) {
    cosines[i] = Math.cos((2 * Math.PI * i) / size);
    sines[i] = -Math.sin((2 * Math.PI * i) / size);
  }
  const forward = (re: Float64Array, im: Float64Array) => transform(re, im, cosines, sines);
  return {
    size,
    forward,
    inverse: (re, im) => {
      // The inverse is the forward transform with real and imaginary parts exchanged.
      forward(im, re);
      for (let i = 0; i < size; i++) {
        re[i] = (re[i] as number) / size;
        im[i] = (im[i] as number) / size;
      }
    },
  };
}

function transform(re: Float64Array, im: Float64Array, cosines: Float64Array, sines: Float64Array): void {
  const n = re.length;
  permute(re, im);
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let start = 0; start < n; start += 2 * half) {
      for (let j = 0, k = 0; j < half; j++, k += stride) {
        const a = start + j;
        const b = a + half;
        const c = cosines[k] as number;
        const s = sines[k] as number;
        const x = re[b] as number;
        const y = im[b] as number;
        const tx = x * c - y * s;
        const ty = x * s + y * c;
        const ax = re[a] as number;
        const ay = im[a] as number;
        re[b] = ax - tx;
        im[b] = ay - ty;
        re[a] = ax + tx;
        im[a] = ay + ty;
      }
    }
  }
}

/** Into bit-reversed order. */
function permute(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    swap(re, i, j);
    swap(im, i, j);
  }
}

function swap(values: Float64Array, i: number, j: number): void {
  const kept = values[i] as number;
  values[i] = values[j] as number;
  values[j] = kept;
}
