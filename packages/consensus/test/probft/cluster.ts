import { deviceIdFromDigest, type Random, seededRandom, toHex } from '@murmuration/core';
import { createSigner, ed25519KeyPair, type Signer, sha3_256, vrfProve, vrfVerify } from '@murmuration/crypto';
import { probftChain } from '../../src/probft/certificates.ts';
import { createProbft, type ProbftEngine } from '../../src/probft/engine.ts';
import type { ProbabilisticCommit } from '../../src/probft/finality.ts';
import { decodeProbftMessage, encodeProbftMessage, type ProbftMessage } from '../../src/probft/messages.ts';
import type { ProbftOptions } from '../../src/probft/options.ts';
import type { SampleFunction } from '../../src/probft/samples.ts';
import type { ProbftEffect } from '../../src/probft/state.ts';
import { decodeBatch, encodeBatch } from '../../src/quorum/batch.ts';
import type { ReplicaSet } from '../../src/quorum/replica-set.ts';
import { signStatement } from '../../src/quorum/statement.ts';

export function seedOf(text: string): Uint8Array {
  return sha3_256(new TextEncoder().encode(text));
}

const proofs = new Map<string, Uint8Array>();
const outputs = new Map<string, Uint8Array | undefined>();

/** Clusters of one key set ask the same questions over and over: each answer is computed once. */
export const REMEMBERING: SampleFunction = {
  prove: (secretKey, alpha) => {
    const name = `${toHex(secretKey)} ${toHex(alpha)}`;
    const proof = proofs.get(name) ?? vrfProve(secretKey, alpha);
    proofs.set(name, proof);
    return proof;
  },
  verify: (publicKey, alpha, proof) => {
    const name = `${toHex(publicKey)} ${toHex(alpha)} ${toHex(proof)}`;
    if (!outputs.has(name)) outputs.set(name, vrfVerify(publicKey, alpha, proof));
    return outputs.get(name);
  },
};

export interface Keys {
  readonly set: ReplicaSet;
  readonly signers: readonly Signer[];
  readonly vrf: readonly { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }[];
}

export function keysFor(n: number): Keys {
  const signers = Array.from({ length: n }, (_, i) => createSigner(seedOf(`sign ${i}`)));
  const vrf = Array.from({ length: n }, (_, i) => ed25519KeyPair(seedOf(`vrf ${i}`)));
  const replicas = signers.map(({ publicKey }) => ({
    device: deviceIdFromDigest(sha3_256(publicKey)),
    key: publicKey,
  }));
  return { set: { chainId: seedOf('chain'), epoch: 0, replicas }, signers, vrf };
}

export interface Post {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  readonly message: ProbftMessage;
}

/** Replicas on one event queue, from one seed; agreement is checked at every commit. */
export class Cluster {
  readonly keys: Keys;
  readonly engines: (ProbftEngine | null)[];
  readonly stores: Map<string, Uint8Array>[];
  readonly commits: ProbabilisticCommit[][];
  readonly requests: Set<string>[];
  readonly evidence: Uint8Array[] = [];
  readonly refusals = new Map<string, number>();
  readonly posted: Post[] = [];
  /** Whether replicas ask at their next boot what others hold of their key. */
  asks = false;
  nowMs = 0;
  loss = 0;
  /** What becomes of a message on its way: nothing where null. */
  tamper: (post: Post) => Uint8Array | null = ({ bytes }) => bytes;
  private readonly options: ProbftOptions;
  private readonly random: Random;
  private readonly timers: Map<string, number>[];
  private queue: { at: number; order: number; run: () => void }[] = [];
  private order = 0;

  constructor(n: number, seed: number | string, options: ProbftOptions) {
    this.keys = keysFor(n);
    this.options = { viewTimeoutMs: 1000, ...options };
    this.random = seededRandom(`probft ${seed}`);
    this.engines = Array.from({ length: n }, () => null);
    this.stores = this.engines.map(() => new Map());
    this.timers = this.engines.map(() => new Map());
    this.commits = this.engines.map(() => []);
    this.requests = this.engines.map(() => new Set());
    for (let i = 0; i < n; i++) this.boot(i);
  }

  boot(i: number): void {
    const { set, signers, vrf } = this.keys;
    const own = vrf[i] as Keys['vrf'][number];
    const publicKeys = vrf.map(({ publicKey }) => publicKey);
    this.engines[i] = createProbft(
      {
        replicaSet: set,
        self: i,
        signer: signers[i] as Signer,
        vrf: { secretKey: own.secretKey, publicKeys, fn: REMEMBERING },
      },
      this.options,
    );
    const records = [...(this.stores[i] as Map<string, Uint8Array>)].map(([key, value]) => ({ key, value }));
    const executed = { height: this.commits[i]?.length ?? 0, stateDigest: new Uint8Array(32) };
    const sure = this.asks ? {} : ({ sure: true } as const);
    this.step(i, { kind: 'start', nowMs: this.nowMs, records, executed, ...sure });
  }

  crash(i: number): void {
    this.engines[i] = null;
    this.timers[i]?.clear();
  }

  step(i: number, event: Parameters<ProbftEngine['step']>[0]): void {
    for (const effect of this.engines[i]?.step(event) ?? []) this.carryOut(i, effect);
  }

  private carryOut(i: number, effect: ProbftEffect): void {
    const timers = this.timers[i] as Map<string, number>;
    switch (effect.kind) {
      case 'persist':
        if (effect.value === null) this.stores[i]?.delete(effect.key);
        else this.stores[i]?.set(effect.key, effect.value);
        break;
      case 'send':
        for (let to = 0; to < this.engines.length; to++) {
          if (to !== i && (effect.to === 'all' || effect.to === to)) this.post(i, to, effect.bytes);
        }
        break;
      case 'setTimer': {
        const ticket = ++this.order;
        timers.set(effect.id, ticket);
        this.later(effect.delayMs, () => {
          if (timers.get(effect.id) === ticket) this.step(i, { kind: 'timer', nowMs: this.nowMs, id: effect.id });
        });
        break;
      }
      case 'cancelTimer':
        timers.delete(effect.id);
        break;
      case 'commit':
        this.committed(i, effect.commit);
        break;
      case 'evidence':
        this.evidence.push(effect.evidence);
        break;
      case 'refused':
        this.refusals.set(effect.reason, (this.refusals.get(effect.reason) ?? 0) + 1);
        break;
      default:
        break;
    }
  }

  private committed(i: number, commit: ProbabilisticCommit): void {
    const own = this.commits[i] as ProbabilisticCommit[];
    if (commit.height !== own.length + 1) throw new Error(`a gap at ${commit.height} of replica ${i}`);
    for (const other of this.commits) {
      const theirs = other[commit.height - 1];
      if (theirs !== undefined && toHex(theirs.payload) !== toHex(commit.payload)) {
        throw new Error(`agreement is broken at ${commit.height}`);
      }
    }
    own.push(commit);
    const batch = decodeBatch(commit.payload);
    if (batch.ok) for (const request of batch.value.requests) this.requests[i]?.add(new TextDecoder().decode(request));
  }

  private post(from: number, to: number, bytes: Uint8Array): void {
    const decoded = decodeProbftMessage(bytes);
    if (!decoded.ok) throw new Error('an engine sends what it cannot read');
    const post = { from, to, bytes, message: decoded.value };
    this.posted.push(post);
    const arriving = this.random.unit() < this.loss ? null : this.tamper(post);
    if (arriving === null) return;
    this.later(1 + this.random.below(20), () => this.deliver(from, to, arriving));
  }

  deliver(from: number, to: number, bytes: Uint8Array): void {
    this.step(to, { kind: 'message', nowMs: this.nowMs, from, bytes });
  }

  private later(delayMs: number, run: () => void): void {
    this.queue.push({ at: this.nowMs + delayMs, order: ++this.order, run });
    this.queue.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  run(forMs: number, until: () => boolean = () => false): boolean {
    const end = this.nowMs + forMs;
    while (!until()) {
      const next = this.queue[0];
      if (next === undefined || next.at > end) return until();
      this.queue.shift();
      this.nowMs = next.at;
      next.run();
    }
    return true;
  }

  propose(i: number, request: string): void {
    this.step(i, { kind: 'propose', nowMs: this.nowMs, request: new TextEncoder().encode(request) });
  }

  /** Whether all that live have committed this request. */
  all(request: string): boolean {
    return this.engines.every((engine, i) => engine === null || this.requests[i]?.has(request));
  }

  /** The same, for a request whose replica may have crashed before it told anyone. */
  known(request: string): boolean {
    const bytes = toHex(new TextEncoder().encode(request));
    const told = this.posted.some(
      ({ message }) => message.kind === 'requests' && message.requests.some((one) => toHex(one) === bytes),
    );
    return !told || this.all(request);
  }

  count(...kinds: readonly ProbftMessage['kind'][]): number {
    return this.posted.filter(({ message }) => kinds.includes(message.kind)).length;
  }
}

/** A leader that shows half the replicas another batch than it voted for. */
export function equivocate(cluster: Cluster): void {
  const { signers, set } = cluster.keys;
  const chain = probftChain(set);
  cluster.tamper = ({ from, to, bytes, message }: Post) => {
    if (from !== 1 || message.kind !== 'propose' || to % 2 === 0) return bytes;
    const payload = encodeBatch({ timeMs: 5, requests: [Uint8Array.of(66)] });
    const { height, view, epoch } = message;
    const statement = { epoch, phase: 'pre-prepare', view, height, digest: sha3_256(payload) } as const;
    const signature = signStatement(signers[1] as (typeof signers)[number], chain.chainId, statement);
    return encodeProbftMessage({ ...message, payload, signature });
  };
}
