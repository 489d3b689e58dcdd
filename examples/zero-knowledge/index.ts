/** The four predicates: each is proven, verified, refused when presented again, and refused with one bit changed. */
import { utf8 } from '@murmuration/core';
import { createSigner, ed25519KeyPair, sha3_256 } from '@murmuration/crypto';
import { systemEntropy } from '@murmuration/node';
import {
  commitUpdate,
  contentClass,
  createHolderKey,
  holderCommitment,
  issueCredential,
  modelIntegrity,
  networkPathValues,
  networkPolicy,
  type Predicate,
  present,
  ReplayGuard,
  regulatoryCompliance,
  verifyPresentation,
} from '@murmuration/privacy';

const key = createHolderKey(systemEntropy);
const holder = holderCommitment(key);
const attester = ed25519KeyPair(systemEntropy.bytes(32));
const subject = sha3_256(utf8('what all this is about'));
const audience = { verifier: sha3_256(utf8('the verifier')), epoch: 7 };

/** What an attester measured, committed to and signed: the holder keeps the openings, everyone sees the rest. */
function attested(predicate: string, values: readonly bigint[]) {
  const about = { predicate, subject, holder };
  const { credential, openings } = issueCredential(createSigner(attester.secretKey), about, values, systemEntropy);
  return { credential, secrets: { openings } };
}

function show<Statement, Secrets>(
  what: string,
  predicate: Predicate<Statement, Secrets>,
  statement: Statement,
  secrets: Secrets,
): void {
  const guard = new ReplayGuard(audience);
  const answer = (wire: Uint8Array, judge = guard) => {
    const result = verifyPresentation(predicate, statement, wire, judge);
    return result.ok ? 'holds' : `refused (${result.reason})`;
  };
  const from = performance.now();
  const proof = present(predicate, statement, secrets, key, audience, systemEntropy);
  const proven = performance.now();
  const tampered = Uint8Array.from(proof);
  tampered[proof.length - 40] = (tampered[proof.length - 40] as number) ^ 1;
  const later = new ReplayGuard({ ...audience, epoch: 8 });
  console.log(`${predicate.id}: ${what}`);
  console.log(`  ${proof.length} bytes, proven in ${((proven - from) / 1000).toFixed(2)} s`);
  console.log(`  one bit changed: ${answer(tampered)}`);
  console.log(`  as it is:        ${answer(proof)}`);
  console.log(`  once more:       ${answer(proof)}`);
  console.log(`  an epoch later:  ${answer(proof, later)}\n`);
}

const path = { destination: utf8('b.example'), networks: [64_500, 64_510, 64_520, 64_530] };
const route = attested('network-policy', networkPathValues(path));
show(
  'the destination is on a list of three, 3 to 8 hops, at least three networks',
  networkPolicy,
  {
    attester: attester.publicKey,
    credential: route.credential,
    session: subject,
    allowList: ['a.example', 'b.example', 'c.example'].map(utf8),
  },
  route.secrets,
);

const scores = attested('content-class', [93n, 2n, 0n]);
show(
  'allowed class scores at least 80, two prohibited classes at most 10',
  contentClass,
  {
    classifier: attester.publicKey,
    credential: scores.credential,
    content: subject,
    minAllowed: 80,
    maxProhibited: 10,
  },
  scores.secrets,
);

const update = Int32Array.from({ length: 64 }, (_, i) => (i % 5) - 2);
const mask = new Int32Array(systemEntropy.bytes(4 * update.length).buffer);
const { secrets, commitments, masked } = commitUpdate(update, mask, systemEntropy);
// The beacon is drawn once the commitments are fixed: else a prover tries until the signs suit it.
const beacon = systemEntropy.bytes(32);
show(
  'the masked update is a committed one, whose 8 random projections are within ±128',
  modelIntegrity,
  { holder, round: 'job-1/3', ...commitments, masked, projections: 8, boundBits: 8, beacon },
  secrets,
);

const audit = attested('regulatory-compliance', [30n, 240n, 400_000n, 350_000n]);
show(
  'epsilon of two releases sums to at most 1, kept at most 30 days, at least 50 people',
  regulatoryCompliance,
  {
    auditor: attester.publicKey,
    credential: audit.credential,
    dataset: subject,
    maxEpsilonMicros: 1_000_000,
    maxRetentionDays: 30,
    minCohort: 50,
  },
  audit.secrets,
);
