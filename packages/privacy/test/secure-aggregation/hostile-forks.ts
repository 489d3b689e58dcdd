import { utf8 } from '@murmuration/core';
import { createSigner, type Signer, sha3_256 } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type Aggregator,
  type AggregatorEffect,
  type ClientEffect,
  type ClientInput,
  type Committee,
  createAggregator,
  createMaskingClient,
  createPlan,
  createStatementCommitter,
  encodeStatementCertificate,
  type MaskingClient,
  type SignedKey,
} from '../../src/secure-aggregation/index.ts';
import { devices, memberEntropy, seededEntropy } from './world.ts';

export const SIZE = 4;
export const signers: readonly Signer[] = Array.from({ length: SIZE }, (_, i) =>
  createSigner(sha3_256(utf8(`hostile ${i}`))),
);
export const keyOf = (member: number) => signers[member]?.publicKey;
const replicas = Array.from({ length: 4 }, (_, i) => createSigner(sha3_256(utf8(`replica ${i}`))));
export const committee: Committee = {
  ...{ chainId: sha3_256(utf8('chain')), epoch: 0 },
  keys: replicas.map(({ publicKey }) => publicKey),
};

/** What plans differ in as far as their messages do. */
export type Mode = 'signed' | 'committed' | 'norm';

export function planFor(mode: Mode, round: number): AggregationPlan {
  return createPlan({
    ...{ job: 'job', round, group: 0, members: devices(SIZE), seed: sha3_256(utf8('hostile')), length: 4, bound: 100 },
    roster: mode === 'committed' ? 'committed' : 'signed',
    norm: mode === 'norm' ? { bound: 511, projections: 1 } : null,
  });
}

/** One execution of a plan, as far as the server plays it: its other members, and what it has for member 0. */
export class Fork {
  readonly forVictim: Uint8Array[] = [];
  #asked: { readonly statement: Uint8Array; readonly keys?: readonly SignedKey[] } | undefined;
  readonly #plan: AggregationPlan;
  readonly #aggregator: Aggregator;
  readonly #members: readonly MaskingClient[];

  constructor(plan: AggregationPlan, text: string) {
    const verify = () => true;
    this.#plan = plan;
    this.#aggregator = createAggregator({ keyOf, verify, entropy: seededEntropy(`${text} server`) }, plan);
    this.#members = signers.map((signer, self) => {
      // They believe everything: who is on the server's side.
      const deps = { signer, keyOf, verify, isCommitted: () => true, entropy: memberEntropy(text, self) };
      return createMaskingClient(deps, plan, self, new Int32Array(plan.length));
    });
    for (let member = 1; member < SIZE; member++) this.#step(member, { kind: 'start' });
  }

  /** What the victim says is said to every execution. */
  hear(bytes: Uint8Array): void {
    this.#carry(this.#aggregator.step({ kind: 'message', from: 0, bytes }));
  }

  deadline(): void {
    // Waiting for the swarm it would only void itself.
    if (this.#aggregator.phase === 'roster' || this.#aggregator.phase === 'committing') return;
    this.#carry(this.#aggregator.step({ kind: 'deadline' }));
  }

  certify(swarm: Swarm): void {
    if (this.#asked === undefined) return;
    const certificate = swarm.certify(this.#plan, this.#asked.statement, this.#asked.keys);
    this.#carry(this.#aggregator.step({ kind: 'certified', certificate }));
  }

  #carry(effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'commit') this.#asked = effect;
      if (effect.kind !== 'send') continue;
      if (effect.to === 0) this.forVictim.push(effect.bytes);
      // Nobody else proves anything: it would take most of the time.
      else if (this.#aggregator.phase !== 'proofs') this.#step(effect.to, { kind: 'message', bytes: effect.bytes });
    }
  }

  #step(member: number, input: ClientInput): void {
    for (const effect of (this.#members[member] as MaskingClient).step(input)) {
      if (effect.kind !== 'send') continue;
      this.#carry(this.#aggregator.step({ kind: 'message', from: member, bytes: effect.bytes }));
    }
  }
}

/** Four replicas, of which one forgets what it has signed. */
export class Swarm {
  readonly #committers = replicas.map((signer) => committerOf(signer));

  certify(plan: AggregationPlan, statement: Uint8Array, keys?: readonly SignedKey[]): Uint8Array {
    const signatures = this.#committers.flatMap((committer, replica) => {
      const asked = replica === 0 ? committerOf(replicas[0] as Signer) : committer;
      const signed = asked.sign(plan, statement, keys);
      return signed.ok ? [{ replica, signature: signed.value.signature }] : [];
    });
    return encodeStatementCertificate(signatures);
  }
}

function committerOf(signer: Signer) {
  // That rosters hold signed keys is tried elsewhere.
  return createStatementCommitter({ committee, signer, keyOf: (_, member) => keyOf(member), verify: () => true });
}

const known = new Map<Mode, readonly Uint8Array[]>();

/** All that an honest server told member 0 in another round. */
export function foreignMessages(mode: Mode): readonly Uint8Array[] {
  const before = known.get(mode);
  if (before !== undefined) return before;
  const plan = planFor(mode, 2);
  const fork = new Fork(plan, 'foreign');
  const entropy = memberEntropy('foreign', 0);
  const deps = { signer: signers[0] as Signer, keyOf, verify: () => true, isCommitted: () => true, entropy };
  const client = createMaskingClient(deps, plan, 0, new Int32Array(plan.length));
  const say = (effects: readonly ClientEffect[]) => {
    for (const effect of effects) if (effect.kind === 'send') fork.hear(effect.bytes);
    fork.certify(new Swarm());
  };
  say(client.step({ kind: 'start' }));
  for (let heard = 0; heard < fork.forVictim.length; heard++) {
    say(client.step({ kind: 'message', bytes: fork.forVictim[heard] as Uint8Array }));
  }
  known.set(mode, fork.forVictim);
  return fork.forVictim;
}
