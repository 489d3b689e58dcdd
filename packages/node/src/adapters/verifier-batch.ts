import { fromUtf8, utf8 } from '@murmuration/core';
import { ed25519Verify } from '@murmuration/crypto';

/** One Ed25519 signature to check, as `ed25519Verify` takes it. */
export interface SignatureCheck {
  readonly domain: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKey: Uint8Array;
}

const COUNT_BYTES = 4;
const LENGTH_BYTES = 4;

/**
 * Checks as one piece of memory that two threads share, so that none is copied twice and the verdicts are written in
 * place: count u32 ‖ one verdict byte each ‖ for each check domain, message, signature and key, each after its length
 * u32. It never leaves the process.
 */
export function packChecks(checks: readonly SignatureCheck[]): SharedArrayBuffer {
  const parts = checks.flatMap((check) => [utf8(check.domain), check.message, check.signature, check.publicKey]);
  const head = COUNT_BYTES + checks.length;
  const shared = new SharedArrayBuffer(parts.reduce((sum, { length }) => sum + LENGTH_BYTES + length, head));
  const whole = new Uint8Array(shared);
  const view = new DataView(shared);
  view.setUint32(0, checks.length);
  let at = head;
  for (const part of parts) {
    view.setUint32(at, part.length);
    whole.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.length;
  }
  return shared;
}

/** Gives each check of a batch its verdict, by the verifier that everybody uses. @throws CRYPTO_BAD_DOMAIN */
export function verifyPacked(shared: SharedArrayBuffer): void {
  const whole = new Uint8Array(shared);
  const view = new DataView(shared);
  const count = view.getUint32(0);
  let at = COUNT_BYTES + count;
  const next = () => {
    const from = at + LENGTH_BYTES;
    at = from + view.getUint32(at);
    return whole.slice(from, at);
  };
  for (let i = 0; i < count; i++) {
    const domain = fromUtf8(next()) ?? '';
    whole[COUNT_BYTES + i] = Number(ed25519Verify(domain, next(), next(), next()));
  }
}

/** @returns one verdict for each check, in their order. Meaningless before `verifyPacked`. */
export function verdictsOf(shared: SharedArrayBuffer): boolean[] {
  const count = new DataView(shared).getUint32(0);
  return Array.from(new Uint8Array(shared, COUNT_BYTES, count), (verdict) => verdict === 1);
}
