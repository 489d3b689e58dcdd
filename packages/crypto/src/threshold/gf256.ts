/**
 * The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1 of AES. No tables and no branches on secrets: time does
 * not depend on the operands, except `scaleLanes`'s factor, which is public.
 */
const POLYNOMIAL = 0x1b;

/** @returns the product of two bytes */
export function multiply(a: number, b: number): number {
  let product = 0;
  let power = a;
  for (let bit = 0; bit < 8; bit++) {
    product ^= power & -((b >> bit) & 1);
    power = ((power << 1) ^ (POLYNOMIAL & -(power >> 7))) & 0xff;
  }
  return product;
}

/** @returns the inverse of a byte, a^254; 0 for 0 */
export function invert(a: number): number {
  let power = multiply(a, a);
  let product = power;
  for (let i = 0; i < 6; i++) {
    power = multiply(power, power);
    product = multiply(product, power);
  }
  return product;
}

/** Multiplies every byte of `lanes`, four to a word, by the public `factor`, in place. */
export function scaleLanes(lanes: Int32Array, factor: number): void {
  for (let i = 0; i < lanes.length; i++) {
    let power = lanes[i] as number;
    let product = 0;
    for (let left = factor; left !== 0; left >>= 1) {
      product ^= power & -(left & 1);
      power = ((power & 0x7f7f7f7f) << 1) ^ Math.imul((power >>> 7) & 0x01010101, POLYNOMIAL);
    }
    lanes[i] = product;
  }
}

/** Adds `other` to `lanes` in place; both have one length. */
export function addLanes(lanes: Int32Array, other: Int32Array): void {
  for (let i = 0; i < lanes.length; i++) lanes[i] = (lanes[i] as number) ^ (other[i] as number);
}
