import { toHex } from '@murmuration/core';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, test } from 'vitest';
import { platform as node } from '../../src/platform/node.ts';
import { platform as web } from '../../src/platform/web.ts';
import { hex, vectors } from '../vectors.ts';

const ALICE = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
const BOB = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
const ALICE_PUBLIC = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';
const SHARED = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';

describe.each(Object.entries({ node, web }))('%s platform', (_, platform) => {
  test('X25519 gives the secrets of Wycheproof, and none where the secret is zero', () => {
    type Row = { id: number; publicKey: string; secretKey: string; shared: string; zero: boolean };
    const rows = vectors<Row>('wycheproof/x25519.json');
    expect(rows.filter(({ zero }) => zero).length).toBeGreaterThan(10);
    for (const { id, publicKey, secretKey, shared, zero } of rows) {
      const got = platform.x25519Shared(hex(secretKey), hex(publicKey));
      expect([id, got === undefined ? 'refused' : toHex(got)]).toEqual([id, zero ? 'refused' : shared]);
    }
  });

  test('X25519 gives the keys and the secret of RFC 7748 §6.1', () => {
    const alice = hex(ALICE);
    const bob = hex(BOB);
    expect(toHex(platform.x25519PublicKey(alice))).toBe(ALICE_PUBLIC);
    expect(toHex(platform.x25519Shared(bob, hex(ALICE_PUBLIC)) as Uint8Array)).toBe(SHARED);
    expect(toHex(platform.x25519Shared(alice, platform.x25519PublicKey(bob)) as Uint8Array)).toBe(SHARED);
  });

  test('ML-KEM-768 gives the keys, ciphertexts and secrets of Wycheproof', () => {
    type Row = Record<'seed' | 'publicKeySha256' | 'coins' | 'ciphertextSha256' | 'shared', string>;
    for (const row of vectors<Row>('wycheproof/ml-kem-768-encaps.json')) {
      const publicKey = platform.mlKem768PublicKey(hex(row.seed));
      expect(toHex(platform.sha256([publicKey]))).toBe(row.publicKeySha256);
      const made = ml_kem768.encapsulate(publicKey, hex(row.coins));
      expect(toHex(platform.sha256([made.cipherText]))).toBe(row.ciphertextSha256);
      expect(toHex(made.sharedSecret)).toBe(row.shared);
      expect(toHex(platform.mlKem768Decapsulate(hex(row.seed), made.cipherText))).toBe(row.shared);
    }
  });

  test('a damaged ML-KEM-768 ciphertext gives the secret of implicit rejection: Wycheproof', () => {
    for (const row of vectors<Record<'seed' | 'ciphertext' | 'shared', string>>('wycheproof/ml-kem-768-reject.json')) {
      expect(toHex(platform.mlKem768Decapsulate(hex(row.seed), hex(row.ciphertext)))).toBe(row.shared);
    }
  });

  test('an ML-KEM-768 key that is not reduced is refused: Wycheproof, ModulusOverflow', () => {
    for (const { publicKey } of vectors<{ publicKey: string }>('wycheproof/ml-kem-768-bad-keys.json')) {
      expect(platform.mlKem768Encapsulate(hex(publicKey))).toBeUndefined();
    }
  });

  test('what either platform encapsulates the other decapsulates', () => {
    for (const other of [node, web]) {
      const seed = new Uint8Array(64).fill(21);
      const made = platform.mlKem768Encapsulate(other.mlKem768PublicKey(seed));
      if (made === undefined) throw new Error('refused');
      expect(toHex(other.mlKem768Decapsulate(seed, made.ciphertext))).toBe(toHex(made.shared));
      expect(made.ciphertext.constructor).toBe(Uint8Array);
    }
  });
});
