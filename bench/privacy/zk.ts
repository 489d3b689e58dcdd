import { randomBytes } from 'node:crypto';
import { seededRandom, utf8 } from '@murmuration/core';
import { createSigner, ed25519KeyPair } from '@murmuration/crypto';
import {
  commitUpdate,
  contentClass,
  createHolderKey,
  holderCommitment,
  issueCredential,
  modelIntegrity,
  networkPathValues,
  networkPolicy,
  type Opening,
  openingOf,
  type Predicate,
  pedersenCommit,
  present,
  proveRanges,
  ReplayGuard,
  regulatoryCompliance,
  verifyPresentation,
  verifyRangeBatch,
  verifyRanges,
} from '@murmuration/privacy';
import type { Row } from '../rows.ts';

const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const REPETITIONS = 3;
const BATCH = 32;
const MAX_64 = (1n << 64n) - 1n;
const subject = new Uint8Array(32).fill(1);
const audience = { verifier: new Uint8Array(32).fill(2), epoch: 1 };
const key = createHolderKey(entropy);
const holder = holderCommitment(key);
const attester = ed25519KeyPair(new Uint8Array(32).fill(3));

/** Proving and verifying each predicate, the size of a 64-bit range proof, and verifying many at once. */
export function zkRows(): readonly Row[] {
  return [...networkRows(), ...contentRows(), ...regulatoryRows(), ...modelRows(), ...rangeRows()];
}

function attested(
  predicate: string,
  values: readonly bigint[],
): { credential: Uint8Array; openings: readonly Opening[] } {
  return issueCredential(createSigner(attester.secretKey), { predicate, subject, holder }, values, entropy);
}

function networkRows(): Row[] {
  const allowList = Array.from({ length: 256 }, (_, i) => utf8(`destination-${i}.example`));
  const path = { destination: allowList[100] ?? subject, networks: [7018, 7018, 3356, 1299, 2914] };
  const { credential, openings } = attested('network-policy', networkPathValues(path));
  const statement = { attester: attester.publicKey, credential, session: subject, allowList };
  return predicateRows('256 destinations, 8 networks', networkPolicy, statement, { openings });
}

function contentRows(): Row[] {
  const { credential, openings } = attested('content-class', [4_000_000_000n, 5n, 60n, 0n]);
  const bounds = { minAllowed: 3_000_000_000, maxProhibited: 1_000_000 };
  const statement = { classifier: attester.publicKey, credential, content: subject, ...bounds };
  return predicateRows('four scores of 32 bits', contentClass, statement, { openings });
}

function regulatoryRows(): Row[] {
  const releases = Array.from({ length: 32 }, () => 50_000n);
  const { credential, openings } = attested('regulatory-compliance', [14n, 250n, ...releases]);
  const bounds = { maxEpsilonMicros: 2_000_000, maxRetentionDays: 30, minCohort: 100 };
  const statement = { auditor: attester.publicKey, credential, dataset: subject, ...bounds };
  return predicateRows('32 releases', regulatoryCompliance, statement, { openings });
}

function modelRows(): Row[] {
  const length = 512;
  const random = seededRandom('zk');
  const update = Int32Array.from({ length }, () => random.below(2_000_001) - 1_000_000);
  const mask = Int32Array.from({ length }, () => random.uint32() | 0);
  const { secrets, commitments, masked } = commitUpdate(update, mask, entropy);
  const parameters = { holder, round: 'bench/1', projections: 32, boundBits: 32, beacon: subject };
  const about = `${length} coordinates, 32 projections of 32 bits`;
  return predicateRows(about, modelIntegrity, { ...parameters, ...commitments, masked }, secrets);
}

function predicateRows<S, W>(about: string, predicate: Predicate<S, W>, statement: S, secrets: W): Row[] {
  const prove = () => present(predicate, statement, secrets, key, audience, entropy);
  const proof = prove();
  const verify = () => {
    const result = verifyPresentation(predicate, statement, proof, new ReplayGuard(audience));
    if (!result.ok) throw new Error(`${predicate.id}: ${result.reason}`);
  };
  const [proving, verifying] = [median(prove), median(verify)];
  const row = (step: string, value: number, bar: string, holds: boolean): Row => ({
    what: `${predicate.id}, ${about}: ${step}, processor time, median of ${REPETITIONS}`,
    value,
    unit: 's',
    against: `a presentation of ${proof.length} bytes`,
    bar,
    holds,
  });
  return [row('prove', proving, '≤ 5', proving <= 5), row('verify', verifying, '< 1', verifying < 1)];
}

function rangeRows(): Row[] {
  const batch = Array.from({ length: BATCH }, () => rangeProof([123_456_789n], MAX_64));
  const each = median(() => {
    for (const { statement, proof } of batch) verifyRanges(statement, proof);
  });
  const together = median(() => verifyRangeBatch(batch));
  if (!verifyRangeBatch(batch).every(({ ok }) => ok)) throw new Error('a range proof does not hold');
  const bytes = batch[0]?.proof.length ?? Number.POSITIVE_INFINITY;
  return [
    {
      what: '64-bit range proof',
      value: bytes,
      unit: 'B',
      against: 'the paper: 2·log₂ n + 9 elements of 32 bytes',
      bar: '≤ 1024',
      holds: bytes <= 1024,
    },
    {
      what: `${BATCH} range proofs of 64 bits at once over one by one, processor time, medians of ${REPETITIONS}`,
      value: each / together,
      unit: 'x',
      against: `${((1000 * each) / BATCH).toFixed(1)} ms each, ${((1000 * together) / BATCH).toFixed(1)} ms in the batch`,
      bar: '≥ 3',
      holds: each / together >= 3,
    },
    aggregateRow(),
  ];
}

function aggregateRow(): Row {
  const { statement, proof } = rangeProof(new Array<bigint>(64).fill(77n), (1n << 32n) - 1n);
  const verifying = median(() => verifyRanges(statement, proof));
  return {
    what: `64 range proofs of 32 bits in one: verify, processor time, median of ${REPETITIONS}`,
    value: verifying,
    unit: 's',
    against: `a proof of ${proof.length} bytes`,
    bar: '< 1',
    holds: verifying < 1,
  };
}

function rangeProof(values: readonly bigint[], max: bigint) {
  const openings = values.map((value) => openingOf(value, entropy));
  const commitments = openings.map((opening) => pedersenCommit(opening).toBytes());
  const statement = { context: subject, commitments, maxima: values.map(() => max) };
  return { statement, proof: proveRanges(statement, openings, entropy) };
}

/** Seconds of processor time: other work on the machine does not count. */
function median(run: () => unknown): number {
  const times = Array.from({ length: REPETITIONS }, () => {
    const started = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  });
  return times.sort((a, b) => a - b)[REPETITIONS >> 1] ?? Number.POSITIVE_INFINITY;
}
