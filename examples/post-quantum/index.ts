/** Keys in two halves, old and new: who breaks one half has nothing, and who changes one bit is noticed. */
import { equalBytes, utf8 } from '@murmuration/core';
import {
  agreementKey,
  HYBRID_SUITE,
  hybridKeyPair,
  hybridSign,
  hybridVerify,
  KEM_SUITE,
  kemDecapsulate,
  kemEncapsulate,
  kemKeyPair,
  unwrapKeyFor,
  wrapKeyFor,
} from '@murmuration/crypto';
import { systemEntropy } from '@murmuration/node';

const DOMAIN = 'example/post-quantum/release';
const CONTEXT = utf8('example/post-quantum/ana-to-ben');
const seed = (length: number) => systemEntropy.bytes(length);
const yes = (ok: boolean) => (ok ? 'yes' : 'no');

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[at] = (flipped[at] as number) ^ 1;
  return flipped;
}

console.log(`signatures, ${HYBRID_SUITE}`);
const { publicKey, secretKey } = hybridKeyPair({ ed25519: seed(32), mlDsa65: seed(32) });
const message = utf8('model 7 of the job');
const signature = hybridSign(DOMAIN, message, secretKey);
const verify = (bytes: Uint8Array, key = publicKey) => yes(hybridVerify(DOMAIN, message, bytes, key));
const other = hybridKeyPair({ ed25519: seed(32), mlDsa65: seed(32) });
console.log(`  ${signature.length} bytes, verifies: ${verify(signature)}`);
console.log(`  Ed25519 half forged:   ${verify(flip(signature, 10))}`);
console.log(`  ML-DSA-65 half forged: ${verify(flip(signature, 1000))}`);
console.log(`  halves of two keys:    ${verify(signature, { ...publicKey, mlDsa65: other.publicKey.mlDsa65 })}`);

console.log(`\na secret for the holder of a key, ${KEM_SUITE}`);
const ben = kemKeyPair(seed(96));
const sent = kemEncapsulate(ben.publicKey, CONTEXT, { x25519: seed(32) });
if (!sent.ok) throw new Error(sent.reason);
const { ciphertext, shared } = sent.value;
const opens = (bytes: Uint8Array, context = CONTEXT) => {
  const opened = kemDecapsulate(ben, bytes, context);
  return opened.ok ? yes(equalBytes(opened.value, shared)) : opened.reason;
};
console.log(`  ${ciphertext.length} bytes; both have the same secret: ${opens(ciphertext)}`);
console.log(`  X25519 half changed:     ${opens(flip(ciphertext, 5))}`);
console.log(`  ML-KEM-768 half changed: ${opens(flip(ciphertext, 500))}`);
console.log(`  for another purpose:     ${opens(ciphertext, utf8('example/post-quantum/ana-to-carl'))}`);

const dataKey = seed(32);
const wrapped = wrapKeyFor(ben.publicKey, dataKey, CONTEXT, systemEntropy);
if (!wrapped.ok) throw new Error(wrapped.reason);
const unwrapped = unwrapKeyFor(ben, wrapped.value, CONTEXT);
const same = unwrapped.ok && equalBytes(unwrapped.value, dataKey);
console.log(`  a data key sealed to him, ${wrapped.value.length} bytes, opens: ${yes(same)}`);

console.log('\none key, a secret with each of many, as for masks');
const [ana, carl] = [agreementKey(seed(96)), agreementKey(seed(96))];
const begun = ana.initiate(carl.publicKey, CONTEXT);
if (!begun.ok) throw new Error(begun.reason);
const answered = carl.respond(ana.publicKey, begun.value.ciphertext, CONTEXT);
console.log(`  ana and carl agree: ${yes(answered.ok && equalBytes(answered.value, begun.value.shared))}`);
