/** Messages of one decision in the good case, counted on real engines, against the formulas. */
import {
  createHotstuff2,
  createPbft,
  createProbft,
  createQbft,
  expectedMessages,
  type SampleFunction,
  sampleSizes,
} from '@murmuration/consensus';
import { type Result, toHex, utf8 } from '@murmuration/core';
import { blsKeyPair, ed25519KeyPair, type Signer, sha3_256, vrfProve, vrfVerify } from '@murmuration/crypto';
import { decodeHotstuff2Message } from '../../packages/consensus/src/hotstuff2/messages.ts';
import { decodeMessage as decodePbftMessage } from '../../packages/consensus/src/pbft/messages.ts';
import { decodeProbftMessage } from '../../packages/consensus/src/probft/messages.ts';
import { decodeQbftMessage } from '../../packages/consensus/src/qbft/messages.ts';
import type { Row } from '../rows.ts';
import { keysFor } from './keys.ts';
import { type AnyEngine, LocalCluster } from './local-cluster.ts';

const SIZES = [4, 7, 50, 100];
/** Decisions of ProBFT that are counted, each of a chain of its own: samples are drawn from the chain's id. */
const DRAWS = 3;
/** Of ProBFT's height 1 in view 1. */
const FIRST_LEADER = 1;
const PROBFT = { quorumFactor: 2, sampleFactor: 1.7 };

export function messageRows(): Row[] {
  return [...EXACT.flatMap((protocol) => SIZES.map((n) => exactRow(protocol, n))), ...SIZES.map(probftRow)];
}

/** One whose good case takes the same number of messages each time. */
interface ExactProtocol {
  readonly name: string;
  readonly words: string;
  readonly formula: (n: number) => number;
  /** Requests, and what is said about them before anything is agreed on, are not part of the formula. */
  readonly kinds: readonly string[];
  readonly kindOf: (bytes: Uint8Array) => string | undefined;
  readonly engines: (n: number) => readonly AnyEngine[];
}

const EXACT: readonly ExactProtocol[] = [
  {
    name: 'PBFT',
    words: '(n-1) + (n-1)² + n(n-1)',
    formula: (n) => n - 1 + (n - 1) ** 2 + n * (n - 1),
    kinds: ['pre-prepare', 'prepare', 'commit'],
    kindOf: (bytes) => kindOf(decodePbftMessage(bytes)),
    engines: (n) => {
      const { set: replicaSet, signers } = keysFor(n);
      return signers.map((signer, self) => createPbft({ replicaSet, self, signer }));
    },
  },
  {
    name: 'QBFT',
    words: '(n-1) + 2n(n-1): the proposer prepares too',
    formula: (n) => (n - 1) * (1 + 2 * n),
    kinds: ['proposal', 'prepare', 'commit'],
    kindOf: (bytes) => kindOf(decodeQbftMessage(bytes)),
    engines: (n) => {
      const { set: replicaSet, signers } = keysFor(n);
      return signers.map((signer, self) => createQbft({ replicaSet, self, signer }));
    },
  },
  {
    name: 'HotStuff-2',
    words: '5(n-1)',
    formula: (n) => 5 * (n - 1),
    kinds: ['propose', 'vote', 'prepare', 'vote2', 'decide'],
    kindOf: (bytes) => kindOf(decodeHotstuff2Message(bytes)),
    engines: (n) => {
      const { set: replicaSet, signers } = keysFor(n);
      const pairs = signers.map((_, i) => blsKeyPair(sha3_256(utf8(`bls ${i}`))));
      const publicKeys = pairs.map(({ publicKey }) => publicKey);
      return pairs.map(({ secretKey }, self) => {
        const signer = signers[self] as Signer;
        return createHotstuff2({ replicaSet, self, signer, bls: { publicKeys, secretKey } });
      });
    },
  },
];

function kindOf(decoded: Result<{ readonly kind: string }>): string | undefined {
  return decoded.ok ? decoded.value.kind : undefined;
}

function exactRow({ name, words, formula, kinds, kindOf: kind, engines }: ExactProtocol, n: number): Row {
  const cluster = new LocalCluster(engines(n), { counts: (bytes) => kinds.includes(kind(bytes) ?? '') });
  const counted = decideOne(cluster, 0);
  if (cluster.heights.some((height) => height !== 1)) throw new Error(`not all ${n} replicas of ${name} committed`);
  return {
    what: `messages per decision, ${name}, n = ${n}`,
    value: counted,
    unit: 'messages',
    against: words,
    bar: `= ${formula(n)}`,
    holds: counted === formula(n),
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

function isOfAgreement(bytes: Uint8Array): boolean {
  return ['propose', 'prepare', 'commit'].includes(kindOf(decodeProbftMessage(bytes)) ?? '');
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
