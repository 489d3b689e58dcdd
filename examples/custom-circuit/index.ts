/** A predicate of one's own: that a patient's body-mass index is below 30, without height, weight or index. */
import { accept, refuse, utf8 } from '@murmuration/core';
import { createSigner, ed25519KeyPair, sha3_256 } from '@murmuration/crypto';
import { systemEntropy } from '@murmuration/node';
import {
  type Circuit,
  CircuitBuilder,
  circuitClause,
  createHolderKey,
  holderCommitment,
  issueCredential,
  Linear,
  mustFit,
  type Opening,
  type Predicate,
  present,
  ReplayGuard,
  readCredential,
  verifyPresentation,
} from '@murmuration/privacy';

const ID = 'body-mass-index';
const subject = sha3_256(utf8('the study'));
const attester = ed25519KeyPair(systemEntropy.bytes(32));

/** 30 × height² − 10,000 × weight is not negative, height in centimetres and weight in kilograms: fits 22 bits. */
const circuit: Circuit = (builder, [height = Linear.constant(0n), weight = Linear.constant(0n)]) => {
  mustFit(builder, height, 8);
  mustFit(builder, weight, 9);
  mustFit(builder, builder.multiply(height, height).times(30n).minus(weight.times(10_000n)), 22);
};

const bodyMassIndex: Predicate<{ readonly credential: Uint8Array }, readonly Opening[]> = {
  id: ID,
  statementBytes: ({ credential }) => credential,
  read: ({ credential }, openings) => {
    const read = readCredential(credential, attester.publicKey, { predicate: ID, subject });
    if (!read.ok) return read;
    const { holder, commitments } = read.value;
    if (commitments.length !== 2) return refuse('bad-credential', 'not height and weight');
    const inputs = commitments.map((point) => [{ scalar: 1n, point }]);
    return accept({ holder, subject, clauses: [circuitClause(ID, circuit, inputs, openings)] });
  },
  falseClause: (_, openings) => {
    const builder = new CircuitBuilder(openings.map(({ value }) => value));
    circuit(
      builder,
      openings.map((_, i) => Linear.wire('input', i)),
    );
    return builder.isSatisfied() ? undefined : 'the index is 30 or more';
  },
};

const key = createHolderKey(systemEntropy);
const audience = { verifier: sha3_256(utf8('the register of the study')), epoch: 1 };

for (const [height, weight] of [
  [172n, 70n],
  [172n, 95n],
] as const) {
  const about = { predicate: ID, subject, holder: holderCommitment(key) };
  const values = [height, weight];
  const { credential, openings } = issueCredential(createSigner(attester.secretKey), about, values, systemEntropy);
  console.log(`${height} cm, ${weight} kg, which only the patient and who measured know`);
  try {
    const proof = present(bodyMassIndex, { credential }, openings, key, audience, systemEntropy);
    const guard = new ReplayGuard(audience);
    const show = (wire: Uint8Array) => {
      const result = verifyPresentation(bodyMassIndex, { credential }, wire, guard);
      return result.ok ? 'holds' : `refused (${result.reason})`;
    };
    const changed = Uint8Array.from(proof);
    changed[proof.length - 40] = (changed[proof.length - 40] as number) ^ 1;
    console.log(
      `  ${proof.length} bytes; one bit changed: ${show(changed)}; as it is: ${show(proof)}; again: ${show(proof)}`,
    );
  } catch (error) {
    console.log(`  no proof: ${(error as Error).message}`);
  }
}
