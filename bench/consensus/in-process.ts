/**
 * PBFT in one thread against what its own signature checks cost alone: the same number of them, in the same run, in
 * turns. Each replica checks every client's signature once, at execution, as the ledger does, and protocol signatures
 * where they come to count.
 */
import { createPbft, decodeBatch } from '@murmuration/consensus';
import { ed25519Verify } from '@murmuration/crypto';
import type { Row } from '../rows.ts';
import { keysFor } from './keys.ts';
import { LocalCluster } from './local-cluster.ts';
import { median, spread } from './median.ts';
import { type SignatureCheck, signTransactions, verifyTransaction } from './transactions.ts';

const BAR = 0.7;
const ROUNDS = 9;
const TRANSACTIONS = 1024;
/** Vote checks kept for the ceiling to repeat. */
const EXAMPLES = 256;

export function inProcessRows(): Row[] {
  return [4, 7].map(measure);
}

function measure(n: number): Row {
  const pbft = openPbft(n);
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const transactions = signTransactions(TRANSACTIONS, round * TRANSACTIONS);
    const before = { ...pbft.checks };
    const orderedMs = timed(() => pbft.order(transactions));
    const votes = pbft.checks.votes - before.votes;
    if (pbft.checks.clients - before.clients !== n * TRANSACTIONS) throw new Error('a transaction was not checked');
    const ceilingMs = timed(() => verifyAlone(transactions, n, pbft.examples, votes));
    // The first one warms up.
    if (round === 0) continue;
    ratios.push(ceilingMs / orderedMs);
    rates.push(TRANSACTIONS / (orderedMs / 1000));
  }
  const ratio = median(ratios);
  const rate = Math.round(median(rates));
  return {
    what: `PBFT, n = ${n}, one thread: share of the ceiling of signature checks`,
    value: ratio,
    unit: 'x',
    against: `the same checks alone, in turns: ${rate} of ${Math.round(rate / ratio)} tx/s; ${spread(ratios)}`,
    bar: `≥ ${BAR.toFixed(2)}`,
    holds: ratio >= BAR,
  };
}

function timed(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** As many checks as the replicas made: each transaction by each of n, and `votes` statements. */
function verifyAlone(
  transactions: readonly Uint8Array[],
  n: number,
  examples: readonly SignatureCheck[],
  votes: number,
): void {
  for (let replica = 0; replica < n; replica++) {
    for (const transaction of transactions) if (!verifyTransaction(transaction)) throw new Error('a bad signature');
  }
  for (let i = 0; i < votes; i++) {
    const { domain, message, signature, publicKey } = examples[i % examples.length] as SignatureCheck;
    if (!ed25519Verify(domain, message, signature, publicKey)) throw new Error('a bad vote');
  }
}

function openPbft(n: number) {
  const checks = { clients: 0, votes: 0 };
  const examples: SignatureCheck[] = [];
  const { set: replicaSet, signers } = keysFor(n);
  const verify: typeof ed25519Verify = (domain, message, signature, publicKey) => {
    checks.votes += 1;
    if (examples.length < EXAMPLES) examples.push({ domain, message, signature, publicKey });
    return ed25519Verify(domain, message, signature, publicKey);
  };
  const engines = signers.map((signer, self) => createPbft({ replicaSet, self, signer, verify }));
  const cluster = new LocalCluster(engines, {
    onCommit: (_, payload) => {
      const batch = decodeBatch(payload);
      if (!batch.ok) throw new Error(batch.reason);
      for (const request of batch.value.requests) {
        checks.clients += 1;
        if (!verifyTransaction(request)) throw new Error('a bad transaction');
      }
    },
  });
  /** Has the primary order these, and every replica execute them. */
  function order(transactions: readonly Uint8Array[]): void {
    const done = checks.clients + transactions.length * n;
    for (const transaction of transactions) cluster.propose(0, transaction);
    cluster.deliver();
    while (checks.clients < done) {
      if (!cluster.fire(0, 'batch')) throw new Error('transactions are stuck');
      cluster.deliver();
    }
    if (cluster.refusals.size > 0) throw new Error(`refused: ${[...cluster.refusals.keys()].join()}`);
  }
  return { checks, examples, order };
}
