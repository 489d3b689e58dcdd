/** A lottery without an operator: each ticket is a VRF output that its holder cannot choose and everyone can check. */
import { compareBytes, toHex, utf8 } from '@murmuration/core';
import { ed25519KeyPair, sha3_256, vrfProve, vrfSample, vrfVerify } from '@murmuration/crypto';
import { systemEntropy } from '@murmuration/node';

const NAMES = ['ada', 'bela', 'chidi', 'dina', 'emil'];

// Keys are fixed before the seed of the round is known, so nobody can try keys until one wins.
const players = NAMES.map((name) => ({ name, keys: ed25519KeyPair(systemEntropy.bytes(32)) }));
const seed = systemEntropy.bytes(32);
const alpha = sha3_256(utf8('example/lottery/round/1'), seed);

const tickets = players.map(({ name, keys }) => ({
  name,
  publicKey: keys.publicKey,
  proof: vrfProve(keys.secretKey, alpha),
}));

// Anyone: no secrets from here on.
const outputs = tickets.map(({ name, publicKey, proof }) => {
  const output = vrfVerify(publicKey, alpha, proof);
  if (output === undefined) throw new Error(`the ticket of ${name} is not valid`);
  console.log(`${name.padEnd(6)} ${toHex(output).slice(0, 16)}…  valid`);
  return { name, output };
});
const [winner] = outputs.toSorted((a, b) => compareBytes(a.output, b.output));
if (winner === undefined) throw new Error('a lottery has players');
console.log(`\nthe least output wins: ${winner.name}`);
console.log(`a committee of 3 among 20, drawn from it: ${vrfSample(winner.output, 20, 3).join(', ')}`);

const [first, second] = tickets;
if (first === undefined || second === undefined) throw new Error('a lottery has players');
const changed = Uint8Array.from(first.proof);
changed[70] = (changed[70] as number) ^ 1;
const checks = [
  ['one bit of a ticket changed', vrfVerify(first.publicKey, alpha, changed)],
  ["another player's ticket", vrfVerify(first.publicKey, alpha, second.proof)],
  ['the ticket in another round', vrfVerify(first.publicKey, sha3_256(utf8('example/lottery/round/2')), first.proof)],
  ['a key of small order', vrfVerify(Uint8Array.of(1, ...new Uint8Array(31)), alpha, first.proof)],
] as const;
console.log();
for (const [what, output] of checks) console.log(`${what}: ${output === undefined ? 'refused' : 'accepted'}`);
