import { utf8 } from '@murmuration/core';
import { createSigner, ed25519Verify, type Signer, sha3_256 } from '@murmuration/crypto';

/** Bytes of a transaction: client u32 ‖ number u64 ‖ filling ‖ Ed25519 signature over what is before it. */
export const TRANSACTION_BYTES = 256;
const SIGNATURE_BYTES = 64;
const BODY_BYTES = TRANSACTION_BYTES - SIGNATURE_BYTES;
const DOMAIN = 'murmur/bench/transaction/1';
/** As many as keys are kept imported: more would measure imports. */
const CLIENTS = 64;

const signers: readonly Signer[] = Array.from({ length: CLIENTS }, (_, client) =>
  createSigner(sha3_256(utf8(`client ${client}`))),
);

/** @param number each one once: it makes the transaction distinct */
export function signTransaction(number: number): Uint8Array {
  const whole = new Uint8Array(TRANSACTION_BYTES);
  const view = new DataView(whole.buffer);
  const client = number % CLIENTS;
  view.setUint32(0, client);
  view.setBigUint64(4, BigInt(number));
  whole.fill(client, 12, BODY_BYTES);
  whole.set((signers[client] as Signer).sign(DOMAIN, whole.subarray(0, BODY_BYTES)), BODY_BYTES);
  return whole;
}

export function signTransactions(count: number, first: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => signTransaction(first + i));
}

export function numberOf(transaction: Uint8Array): number {
  return Number(new DataView(transaction.buffer, transaction.byteOffset).getBigUint64(4));
}

/** What a verifier takes: the same for the inline one and for the pool. */
export interface SignatureCheck {
  readonly domain: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** @returns undefined where the bytes are no transaction of a known client */
export function checkOf(transaction: Uint8Array): SignatureCheck | undefined {
  if (transaction.length !== TRANSACTION_BYTES) return undefined;
  const client = new DataView(transaction.buffer, transaction.byteOffset).getUint32(0);
  const publicKey = signers[client]?.publicKey;
  if (publicKey === undefined) return undefined;
  const message = transaction.subarray(0, BODY_BYTES);
  return { domain: DOMAIN, message, signature: transaction.subarray(BODY_BYTES), publicKey };
}

export function verifyTransaction(transaction: Uint8Array, verify: typeof ed25519Verify = ed25519Verify): boolean {
  const check = checkOf(transaction);
  return check !== undefined && verify(check.domain, check.message, check.signature, check.publicKey);
}
