/** Messages of one decision in the good case, counted on real engines, against the formulas. */
import { createPbft, createProbft, expectedMessages, type SampleFunction, sampleSizes } from '@murmuration/consensus';
import { toHex, utf8 } from '@murmuration/core';
import { ed25519KeyPair, type Signer, sha3_256, vrfProve, vrfVerify } from '@murmuration/crypto';
import { decodeProbftMessage } from '../../packages/consensus/src/probft/messages.ts';
import type { Row } from '../rows.ts';
import { keysFor } from './keys.ts';
import { LocalCluster } from './local-cluster.ts';

const SIZES = [4, 7, 50, 100];
/** Decisions of ProBFT that are counted, each of a chain of its own: samples are drawn from the chain's id. */
const DRAWS = 3;
/** Of ProBFT's height 1 in view 1. */
const FIRST_LEADER = 1;
const PROBFT = { quorumFactor: 2, sampleFactor: 1.7 };

export function messageRows(): Row[] {
  return [...SIZES.map(pbftRow), ...SIZES.map(probftRow)];
}

function pbftRow(n: number): Row {
  const { set: replicaSet, signers } = keysFor(n);
  const cluster = new LocalCluster(signers.map((signer, self) => createPbft({ replicaSet, self, signer })));
  const counted = decideOne(cluster, 0);
  if (cluster.heights.some((height) => height !== 1)) throw new Error('not all replicas committed');
  const formula = n - 1 + (n - 1) ** 2 + n * (n - 1);
  return {
    what: `messages per decision, PBFT, n = ${n}`,
    value: counted,
    unit: 'messages',
    against: '(n-1) + (n-1)² + n(n-1)',
    bar: `= ${formula}`,
    holds: counted === formula,
  };
}

/** A vote to a sample that holds its sender costs one less: the formula is the mean over samples, exact at s = n. */
function probftRow(n: number): Row {
  const sizes = sampleSizes(n, PROBFT);
  let counted = 0;
  for (let draw = 0; draw < DRAWS; draw++) counted += decideOne(openProbft(n, draw), FIRST_LEADER) / DRAWS;
  const formula = expectedMessages(sizes);
  const share = sizes.s / n;
  const sigma = Math.sqrt((2 * n * share * (1 - share)) / DRAWS);
  return {
    what: `messages per decision, ProBFT, n = ${n}, q = ${sizes.q}, s = ${sizes.s}`,
    value: counted,
    unit: 'messages',
    against: `(n-1) + 2s(n-1), mean of ${DRAWS} decisions`,
    bar: sigma === 0 ? `= ${formula}` : `${formula} ± ${(3 * sigma).toFixed(0)} (3 sigma)`,
    holds: Math.abs(counted - formula) <= 3 * sigma,
  };
}

/** @returns the messages that one request took from its proposal until nobody had anything left to say */
function decideOne(cluster: LocalCluster, primary: number): number {
  cluster.propose(primary, utf8('a request'));
  cluster.deliver();
  return cluster.sent;
}

function openProbft(n: number, draw: number): LocalCluster {
  const { set, signers } = keysFor(n);
  const replicaSet = { ...set, chainId: sha3_256(utf8(`draw ${draw}`)) };
  const pairs = signers.map((_, i) => ed25519KeyPair(sha3_256(utf8(`vrf ${i}`))));
  const publicKeys = pairs.map(({ publicKey }) => publicKey);
  const fn = remembering();
  return new LocalCluster(
    pairs.map(({ secretKey }, self) => {
      const signer = signers[self] as Signer;
      return createProbft({ replicaSet, self, signer, vrf: { secretKey, publicKeys, fn } }, PROBFT);
    }),
    { counts: isOfAgreement },
  );
}

/** Requests are told to all before anything is agreed on: not part of the formula. */
function isOfAgreement(bytes: Uint8Array): boolean {
  const decoded = decodeProbftMessage(bytes);
  return decoded.ok && decoded.value.kind !== 'requests';
}

/** Each proof is checked by the real function, once for all replicas of this process: they are being counted, not timed. */
function remembering(): SampleFunction {
  const outputs = new Map<string, Uint8Array | undefined>();
  return {
    prove: vrfProve,
    verify: (publicKey, alpha, proof) => {
      const name = `${toHex(publicKey)} ${toHex(alpha)} ${toHex(proof)}`;
      if (!outputs.has(name)) outputs.set(name, vrfVerify(publicKey, alpha, proof));
      return outputs.get(name);
    },
  };
}
