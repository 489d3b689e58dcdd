import { equalBytes, seededRandom, toHex } from '@murmuration/core';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, test } from 'vitest';
import { platform as node } from '../../src/platform/node.ts';
import { platform as web } from '../../src/platform/web.ts';
import { verifyStrict } from '../../src/sign/ed25519-strict.ts';
import { hex, vectors } from '../vectors.ts';

const PLATFORMS = { node, web };
const HUGE = 'a'.repeat(1_000_000);

interface SignatureVector {
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

function randomBytes(random: { uint32(): number }, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.uint32() & 255);
}

describe.each(Object.entries(PLATFORMS))('%s platform', (_, platform) => {
  test('SHA3-256 gives the digests of NIST CAVP SHA3_256ShortMsg, whole and in parts', () => {
    const rows = vectors<{ message: string; digest: string }>('nist-cavp/sha3-256-short.json');
    expect(rows.length).toBe(136);
    for (const { message, digest } of rows) {
      const bytes = hex(message);
      const split = Math.floor(bytes.length / 3);
      expect(toHex(platform.sha3_256([bytes]))).toBe(digest);
      expect(toHex(platform.sha3_256([bytes.subarray(0, split), bytes.subarray(split)]))).toBe(digest);
    }
  });

  test('SHA-256 gives the digests of FIPS 180-4 appendix B', () => {
    const sha256 = (text: string) => toHex(platform.sha256([new TextEncoder().encode(text)]));
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
    expect(sha256(HUGE)).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
  });

  test('HKDF gives the output of RFC 5869 A.1 to A.3', () => {
    for (const row of vectors<Record<'secret' | 'salt' | 'info' | 'output', string>>('rfc/5869-hkdf-sha256.json')) {
      const output = platform.hkdfSha256(hex(row.secret), hex(row.salt), hex(row.info), row.output.length / 2);
      expect(toHex(output)).toBe(row.output);
    }
  });

  test('Ed25519 gives the keys and signatures of RFC 8032 §7.1', () => {
    const rows = vectors<SignatureVector & { seed: string }>('rfc/8032-ed25519.json');
    for (const { seed, publicKey, message, signature } of rows) {
      expect(toHex(platform.ed25519PublicKey(hex(seed)))).toBe(publicKey);
      expect(toHex(platform.ed25519Signer(hex(seed))(hex(message)))).toBe(signature);
      expect(platform.ed25519Verify(hex(message), hex(signature), hex(publicKey))).toBe(true);
    }
  });

  test('strict Ed25519 verification agrees with Wycheproof on every vector', () => {
    const rows = vectors<SignatureVector & { valid: boolean; id: number }>('wycheproof/ed25519.json');
    expect(rows.length).toBe(151);
    for (const { id, publicKey, message, signature, valid } of rows) {
      expect([id, verifyStrict(platform, hex(message), hex(signature), hex(publicKey))]).toEqual([id, valid]);
    }
  });

  test('strict Ed25519 verification is cofactorless and refuses small order: Taming the many EdDSAs, table 5', () => {
    const rows = vectors<SignatureVector & { note: string; strict: boolean }>('ed25519-speccheck/cases.json');
    expect(rows.map(({ strict }) => strict)).toContain(true);
    for (const { note, publicKey, message, signature, strict } of rows) {
      expect([note, verifyStrict(platform, hex(message), hex(signature), hex(publicKey))]).toEqual([note, strict]);
    }
  });

  test('ML-DSA-65 keys and deterministic signatures are those of Wycheproof', () => {
    type Row = Record<'seed' | 'publicKeySha256' | 'message' | 'signatureSha256', string>;
    for (const row of vectors<Row>('wycheproof/ml-dsa-65-sign.json')) {
      const publicKey = platform.mlDsa65PublicKey(hex(row.seed));
      expect(toHex(platform.sha256([publicKey]))).toBe(row.publicKeySha256);
      const signature = ml_dsa65.sign(hex(row.message), ml_dsa65.keygen(hex(row.seed)).secretKey, {
        extraEntropy: false,
      });
      expect(toHex(platform.sha256([signature]))).toBe(row.signatureSha256);
      expect(platform.mlDsa65Verify(hex(row.message), signature, publicKey)).toBe(true);
    }
  });

  test('ML-DSA-65 verification refuses what Wycheproof calls invalid', () => {
    const rows = vectors<SignatureVector & { comment: string }>('wycheproof/ml-dsa-65-invalid.json');
    expect(rows.length).toBe(7);
    for (const { comment, message, signature, publicKey } of rows) {
      expect([comment, platform.mlDsa65Verify(hex(message), hex(signature), hex(publicKey))]).toEqual([comment, false]);
    }
  });

  test('ChaCha20-Poly1305 seals as RFC 8439 §2.8.2 and agrees with Wycheproof', () => {
    type Row = Record<'key' | 'nonce' | 'associated' | 'plaintext' | 'sealed', string> & { valid?: boolean };
    const rows = [
      ...vectors<Row>('rfc/8439-chacha20-poly1305.json'),
      ...vectors<Row>('wycheproof/chacha20-poly1305.json'),
    ];
    for (const { key, nonce, associated, plaintext, sealed, valid = true } of rows) {
      const [k, n, a] = [hex(key), hex(nonce), hex(associated)];
      const opened = platform.chaCha20Poly1305Open(k, n, hex(sealed), a);
      expect(opened === undefined ? 'refused' : toHex(opened)).toBe(valid ? plaintext : 'refused');
      if (valid) expect(toHex(platform.chaCha20Poly1305Seal(k, n, hex(plaintext), a))).toBe(sealed);
    }
  });

  test('keys that are not keys are refused without an exception', () => {
    const message = Uint8Array.of(1);
    // y = 2 is on no point of the curve.
    const notAPoint = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : 0));
    expect(platform.ed25519Verify(message, new Uint8Array(64), notAPoint)).toBe(false);
    for (const length of [0, 1, 31, 33]) {
      expect(platform.ed25519Verify(message, new Uint8Array(64), new Uint8Array(length))).toBe(false);
      expect(platform.mlDsa65Verify(message, new Uint8Array(3309), new Uint8Array(length))).toBe(false);
    }
  });

  test('results own their memory', () => {
    const seed = new Uint8Array(32).fill(9);
    const results = [
      platform.sha3_256([seed]),
      platform.hkdfSha256(seed, seed, seed, 32),
      platform.ed25519PublicKey(seed),
      platform.ed25519Signer(seed)(seed),
      platform.chaCha20Poly1305Seal(seed, seed.slice(0, 12), seed, seed),
    ];
    for (const result of results) {
      expect(result.constructor).toBe(Uint8Array);
      expect(result.buffer.byteLength).toBe(result.length);
    }
  });

  test('a signer keeps its key when the caller wipes the seed', () => {
    const seed = new Uint8Array(32).fill(5);
    const publicKey = platform.ed25519PublicKey(seed);
    const sign = platform.ed25519Signer(seed);
    seed.fill(0);
    const message = Uint8Array.of(7);
    expect(platform.ed25519Verify(message, sign(message), publicKey)).toBe(true);
  });
});

test('node and web agree on random keys, messages and damaged signatures', () => {
  const random = seededRandom('platforms agree');
  for (let i = 0; i < 60; i++) {
    const seed = randomBytes(random, 32);
    const message = randomBytes(random, random.below(200));
    const publicKey = node.ed25519PublicKey(seed);
    expect(equalBytes(publicKey, web.ed25519PublicKey(seed))).toBe(true);
    const signature = node.ed25519Signer(seed)(message);
    expect(equalBytes(signature, web.ed25519Signer(seed)(message))).toBe(true);
    const damaged = signature.slice();
    const at = random.below(64);
    damaged[at] = (damaged[at] as number) ^ (1 << random.below(8));
    for (const candidate of [signature, damaged]) {
      const verdict = node.ed25519Verify(message, candidate, publicKey);
      expect(verdict).toBe(candidate === signature);
      expect(web.ed25519Verify(message, candidate, publicKey)).toBe(verdict);
    }
  }
});

test('node and web derive the same ML-DSA-65 key from a seed and verify what noble signs', () => {
  const random = seededRandom('ml-dsa seeds');
  for (let i = 0; i < 8; i++) {
    const seed = randomBytes(random, 32);
    const message = randomBytes(random, random.below(300));
    const publicKey = node.mlDsa65PublicKey(seed);
    expect(equalBytes(publicKey, web.mlDsa65PublicKey(seed))).toBe(true);
    const signature = ml_dsa65.sign(message, ml_dsa65.keygen(seed).secretKey, { extraEntropy: false });
    const damaged = signature.slice();
    const at = random.below(signature.length);
    damaged[at] = (damaged[at] as number) ^ (1 << random.below(8));
    for (const platform of [node, web]) {
      expect(platform.mlDsa65Verify(message, signature, publicKey)).toBe(true);
      expect(platform.mlDsa65Verify(message, damaged, publicKey)).toBe(false);
    }
  }
});
