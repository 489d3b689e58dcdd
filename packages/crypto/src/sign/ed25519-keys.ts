import { fromHex } from '@murmuration/core';

const KEY_BYTES = 32;
/** The top bit of an encoded point is the sign of x; the rest is y, little-endian. */
const Y_TOP_MASK = 0x7f;

/**
 * Every y that belongs to a point of order 1, 2, 4 or 8, with its second encoding (y + p) where that fits
 * in 255 bits. x's sign is masked off. The list is libsodium's `ge25519_has_small_order`.
 */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000', // 0: order 4
  '0100000000000000000000000000000000000000000000000000000000000000', // 1: the identity
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p - 1: order 2
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p, which is 0
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p + 1, which is 1
].map((hex) => fromHex(hex) as Uint8Array);

/**
 * A key of small order verifies one signature for many messages, so it can vouch for nothing.
 * @param publicKey 32 bytes; also asked of the point R of a signature
 */
export function isSmallOrderKey(publicKey: Uint8Array): boolean {
  return publicKey.length === KEY_BYTES && SMALL_ORDER_Y.some((y) => sameY(publicKey, y));
}

function sameY(key: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < KEY_BYTES - 1; i++) if (key[i] !== y[i]) return false;
  return ((key[KEY_BYTES - 1] as number) & Y_TOP_MASK) === y[KEY_BYTES - 1];
}

/** y < p = 2^255 - 19: the one encoding of its point that RFC 8032 §5.1.3 decodes. */
export function isCanonicalKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== KEY_BYTES) return false;
  if (((publicKey[KEY_BYTES - 1] as number) & Y_TOP_MASK) !== Y_TOP_MASK) return true;
  for (let i = KEY_BYTES - 2; i > 0; i--) if (publicKey[i] !== 0xff) return true;
  return (publicKey[0] as number) < 0xed;
}
