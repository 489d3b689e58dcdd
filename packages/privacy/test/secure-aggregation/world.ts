import { type DeviceId, deviceIdFromDigest, type Entropy, equalBytes, seededRandom, utf8 } from '@murmuration/core';
import { createSigner, ed25519Verify, type Signer, sha3_256 } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type AggregationResult,
  type Aggregator,
  type AggregatorEffect,
  type ClientEffect,
  createAggregator,
  createMaskingClient,
  createPlan,
  type MaskingClient,
  type MaskingClientDeps,
  type PlanOptions,
} from '../../src/secure-aggregation/index.ts';

/** The last message that a member sends. `none`: it stays to the end; `start`: it never says a word. */
export type LostAfter = 'start' | 'keys' | 'ciphertexts' | 'shares' | 'masked' | 'proven' | 'none';

/** In the order in which the members of a plan pass them; `proven` where it bounds norms. */
export function fatesOf({ norm }: Pick<AggregationPlan, 'norm'>): readonly LostAfter[] {
  const sent = ['start', 'keys', 'ciphertexts', 'shares', 'masked'] as const;
  return norm === null ? [...sent, 'none'] : [...sent, 'proven', 'none'];
}

export function seededEntropy(seed: string): Entropy {
  const random = seededRandom(seed);
  return { bytes: (length) => Uint8Array.from({ length }, () => random.uint32() & 255) };
}

/** What a member of a world draws its secrets from. */
export function memberEntropy(seedText: string, member: number): Entropy {
  return seededEntropy(`${seedText} entropy ${member}`);
}

const SIGNS_NOTHING: Signer = { publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) };

export function devices(count: number): DeviceId[] {
  return Array.from({ length: count }, (_, i) => deviceIdFromDigest(sha3_256(utf8(`device ${i}`))));
}

export interface World {
  readonly plan: AggregationPlan;
  readonly signers: readonly Signer[];
  readonly inputs: readonly Int32Array[];
  readonly clients: readonly MaskingClient[];
  readonly aggregator: Aggregator;
  /** Statements that the swarm committed to: one for a plan. */
  readonly committed: Uint8Array[];
}

export interface WorldOptions extends Partial<PlanOptions> {
  readonly seedText: string;
  readonly size: number;
  readonly client?: Partial<MaskingClientDeps>;
  /** Vectors of members that ignore the plan's bound. */
  readonly inputsOf?: Readonly<Record<number, Int32Array>>;
  /** Signatures, by clients and server. @default ed25519Verify */
  readonly verify?: typeof ed25519Verify;
  /** What members take the plan for, besides the members' list: for liars. */
  readonly planOf?: (plan: AggregationPlan, member: number) => AggregationPlan;
  /** Nobody signs a key and nobody checks one: for thousands of runs whose sums do not depend on it. @default false */
  readonly unsigned?: boolean;
}

/** A plan with its members, each with a vector of small integers, and a swarm that commits to one statement. */
export function createWorld({
  seedText,
  size,
  client = {},
  unsigned = false,
  verify = unsigned ? () => true : ed25519Verify,
  inputsOf = {},
  planOf = (plan) => plan,
  ...options
}: WorldOptions): World {
  const plan = createPlan({
    job: 'job',
    round: 1,
    group: 0,
    members: devices(size),
    seed: sha3_256(utf8(seedText)),
    length: 20,
    bound: 1000,
    ...options,
  });
  const random = seededRandom(seedText);
  const signers = plan.members.map((_, i) =>
    unsigned ? SIGNS_NOTHING : createSigner(sha3_256(utf8(`${seedText} ${i}`))),
  );
  const keyOf = (member: number) => signers[member]?.publicKey;
  const committed: Uint8Array[] = [];
  const isCommitted = (statement: Uint8Array) => committed.some((known) => equalBytes(known, statement));
  const inputs = plan.members.map(() => Int32Array.from({ length: plan.length }, () => random.below(2001) - 1000));
  const clients = plan.members.map((_, self) => {
    const entropy = memberEntropy(seedText, self);
    const signer = signers[self] as Signer;
    const deps = { signer, keyOf, verify, isCommitted, entropy, ...client };
    const lie = inputsOf[self];
    if (lie !== undefined) return createMaskingClient(deps, { ...planOf(plan, self), bound: 2 ** 31 - 1 }, self, lie);
    return createMaskingClient(deps, plan, self, inputs[self] as Int32Array);
  });
  return {
    plan,
    signers,
    inputs,
    clients,
    committed,
    aggregator: createAggregator({ keyOf, verify, entropy: seededEntropy(`${seedText} server`) }, plan),
  };
}

export interface Outcome {
  readonly result: AggregationResult | undefined;
  readonly voided: string | undefined;
  readonly refused: readonly string[];
  /** Bytes sent by each member, and to each. */
  readonly sent: readonly number[];
  readonly received: readonly number[];
  readonly trace: readonly Uint8Array[];
}

/** Carries every message until nothing is left, members falling silent as told, deadlines ending what hangs. */
export function runWorld(world: World, lostAfter: (member: number) => LostAfter = () => 'none'): Outcome {
  const { clients, aggregator, committed } = world;
  const answers = clients.map(() => 0);
  const fates = fatesOf(world.plan);
  const sent = clients.map(() => 0);
  const received = clients.map(() => 0);
  const refused: string[] = [];
  const trace: Uint8Array[] = [];
  let result: AggregationResult | undefined;
  let voided: string | undefined;

  const fromClient = (member: number, effects: readonly ClientEffect[]): AggregatorEffect[] =>
    effects.flatMap((effect) => {
      if (effect.kind === 'refused') refused.push(`${member}: ${effect.reason}`);
      if (effect.kind !== 'send') return [];
      const stage = lostAfter(member);
      if (stage !== 'none' && (answers[member] as number) >= fates.indexOf(stage)) return [];
      (answers[member] as number)++;
      sent[member] = (sent[member] as number) + effect.bytes.length;
      trace.push(effect.bytes);
      return [...aggregator.step({ kind: 'message', from: member, bytes: effect.bytes })];
    });

  const carry = (effect: AggregatorEffect): readonly AggregatorEffect[] => {
    switch (effect.kind) {
      case 'send':
        received[effect.to] = (received[effect.to] as number) + effect.bytes.length;
        return fromClient(
          effect.to,
          (clients[effect.to] as MaskingClient).step({ kind: 'message', bytes: effect.bytes }),
        );
      case 'commit':
        committed.push(effect.statement);
        return aggregator.step({ kind: 'certified', certificate: new Uint8Array(1) });
      case 'sum':
        result = effect.result;
        return [];
      case 'void':
        voided = effect.reason;
        return [];
      case 'refused':
        refused.push(`server, ${effect.from}: ${effect.reason}`);
        return [];
      case 'phase':
        return [];
    }
  };

  let queue = clients.flatMap((client, member) => fromClient(member, client.step({ kind: 'start' })));
  for (let deadlines = 0; deadlines < 9; deadlines++) {
    while (queue.length > 0) queue = queue.flatMap((effect) => [...carry(effect)]);
    queue = [...aggregator.step({ kind: 'deadline' })];
  }
  return { result, voided, refused, sent, received, trace };
}

/** What the survivors' vectors add up to, in exact integers. */
export function plainSum(inputs: readonly Int32Array[], members: Iterable<number>): number[] {
  const sum = Array.from({ length: inputs[0]?.length ?? 0 }, () => 0);
  for (const member of members) {
    for (const [i, value] of (inputs[member] as Int32Array).entries()) sum[i] = (sum[i] as number) + value;
  }
  return sum;
}
