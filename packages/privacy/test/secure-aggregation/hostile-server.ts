import { toHex, utf8 } from '@murmuration/core';
import { createSigner, sha3_256 } from '@murmuration/crypto';
import fc from 'fast-check';
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
  type MaskingClientDeps,
  readSurvivorStatement,
  survivorStatement,
  verifyStatementCertificate,
} from '../../src/secure-aggregation/index.ts';
import {
  encodeServerMessage,
  readClientMessage,
  readServerMessage,
  type ServerMessage,
} from '../../src/secure-aggregation/messages.ts';
import { devices, memberEntropy } from './world.ts';

const SIZE = 4;
const signers = Array.from({ length: SIZE }, (_, i) => createSigner(sha3_256(utf8(`hostile ${i}`))));
const keyOf = (member: number) => signers[member]?.publicKey;
const replicas = Array.from({ length: 4 }, (_, i) => createSigner(sha3_256(utf8(`replica ${i}`))));
const committee: Committee = {
  ...{ chainId: sha3_256(utf8('chain')), epoch: 0 },
  keys: replicas.map(({ publicKey }) => publicKey),
};

function planOf(round: number): AggregationPlan {
  const seed = sha3_256(utf8('hostile'));
  return createPlan({ job: 'job', round, group: 0, members: devices(SIZE), seed, length: 4, bound: 100 });
}
const plans = [planOf(1), planOf(2)] as const;

/** A choice of the server: numbers pick among what there is. */
export type Move =
  /** The newest message that an execution has for the victim. */
  | { readonly kind: 'genuine'; readonly fork: number }
  | { readonly kind: 'old'; readonly at: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  /** Entries of two messages of one kind, each from either; of two kinds some entries of the first. */
  | { readonly kind: 'mix'; readonly at: number; readonly other: number; readonly bits: number }
  | { readonly kind: 'deadline'; readonly fork: number }
  /** The swarm is asked for a certificate of the survivors that an execution has, and members are shown it. */
  | { readonly kind: 'certify'; readonly fork: number }
  /** A statement of the server's own, with a certificate that it asks for, of another statement, or none. */
  | {
      readonly kind: 'survivors';
      readonly sharers: number;
      readonly survivors: number;
      readonly foreign: boolean;
      readonly certificate: 'asked' | 'other' | 'none';
    }
  | { readonly kind: 'start' };

/** One execution of a plan, as far as the server plays it: its other members, and what it has for member 0. */
class Fork {
  readonly forVictim: Uint8Array[] = [];
  statement: Uint8Array | undefined;
  readonly #plan: AggregationPlan;
  readonly #aggregator: Aggregator;
  readonly #members: readonly MaskingClient[];

  constructor(plan: AggregationPlan, text: string) {
    this.#plan = plan;
    this.#aggregator = createAggregator({ keyOf, verify: () => true }, plan);
    this.#members = signers.map((signer, self) => {
      // They believe everything: who is on the server's side.
      const deps = { signer, keyOf, verify: () => true, isCommitted: () => true, entropy: memberEntropy(text, self) };
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
    if (this.#aggregator.phase !== 'committing') this.#carry(this.#aggregator.step({ kind: 'deadline' }));
  }

  certify(swarm: Swarm): void {
    if (this.statement === undefined) return;
    const certificate = swarm.certify(this.#plan, this.statement);
    this.#carry(this.#aggregator.step({ kind: 'certified', certificate }));
  }

  #carry(effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'commit') this.statement = effect.statement;
      if (effect.kind !== 'send') continue;
      if (effect.to === 0) this.forVictim.push(effect.bytes);
      else this.#step(effect.to, { kind: 'message', bytes: effect.bytes });
    }
  }

  #step(member: number, input: ClientInput): void {
    for (const effect of (this.#members[member] as MaskingClient).step(input)) {
      if (effect.kind !== 'send') continue;
      this.#carry(this.#aggregator.step({ kind: 'message', from: member, bytes: effect.bytes }));
    }
  }
}

/** Four replicas, of which one signs whatever it is shown. */
class Swarm {
  readonly #committers = replicas.map((signer) =>
    createStatementCommitter({ committee, signer, keyOf: (_, m) => keyOf(m) }),
  );

  certify(plan: AggregationPlan, statement: Uint8Array): Uint8Array {
    const signatures = this.#committers.flatMap((committer, replica) => {
      const deps = { committee, signer: replicas[replica] as (typeof replicas)[0], keyOf: () => undefined };
      const signed = (replica === 0 ? createStatementCommitter(deps) : committer).sign(plan, statement);
      return signed.ok ? [{ replica, signature: signed.value.signature }] : [];
    });
    return encodeStatementCertificate(signatures);
  }
}

let known: readonly Uint8Array[] | undefined;

/** All that an honest server told member 0 in another round. */
function foreignMessages(): readonly Uint8Array[] {
  if (known !== undefined) return known;
  const [, plan] = plans;
  const fork = new Fork(plan, 'foreign');
  const signer = signers[0] as (typeof signers)[0];
  const entropy = memberEntropy('foreign', 0);
  const deps = { signer, keyOf, isCommitted: () => true, entropy };
  const client = createMaskingClient(deps, plan, 0, new Int32Array(plan.length));
  const say = (effects: readonly ClientEffect[]) => {
    for (const effect of effects) if (effect.kind === 'send') fork.hear(effect.bytes);
  };
  say(client.step({ kind: 'start' }));
  for (let heard = 0; heard < fork.forVictim.length; heard++) {
    say(client.step({ kind: 'message', bytes: fork.forVictim[heard] as Uint8Array }));
    if (client.phase === 'masked') fork.certify(new Swarm());
  }
  known = fork.forVictim;
  return known;
}

export interface Siege {
  readonly moves: readonly Move[];
  /** Whether honest replicas stand between server and members, or the swarm commits to everything. */
  readonly swarm: 'honest' | 'worst';
}

/** Each call of `deps` gives the same entropy from its beginning. */
export type MakeVictim = (deps: () => MaskingClientDeps, plan: AggregationPlan, input: Int32Array) => MaskingClient;
const realVictim: MakeVictim = (deps, plan, input) => createMaskingClient(deps(), plan, 0, input);

/** One client against one server that does as it likes. @returns what the client must never do and did, if anything */
export function besiege({ moves, swarm: kind }: Siege, make: MakeVictim = realVictim) {
  const [plan, other] = plans;
  const swarm = new Swarm();
  const forks = [new Fork(plan, 'one'), new Fork(plan, 'two')];
  const foreign = foreignMessages();
  const pool = () => [...foreign, ...forks.flatMap((fork) => fork.forVictim)];
  const certificates: Uint8Array[] = [new Uint8Array(0)];
  const isCertified = (statement: Uint8Array, certificate: Uint8Array) =>
    verifyStatementCertificate(committee, statement, certificate).ok;
  const isCommitted = kind === 'worst' ? () => true : isCertified;
  const signer = signers[0] as (typeof signers)[0];
  const input = Int32Array.of(1, 2, 3, 4);
  const deps = (): MaskingClientDeps => {
    return { signer, keyOf, isCommitted, entropy: memberEntropy('victim', 0), coins: 'entropy' };
  };
  const victim = make(deps, plan, input);
  const watch = new Watch(plan, isCommitted);

  const step = (given: ClientInput) => {
    if (watch.wrong !== undefined) return;
    for (const sent of watch.see(given, () => victim.step(given))) for (const fork of forks) fork.hear(sent);
  };
  const deliver = (bytes: Uint8Array | undefined) => {
    if (bytes !== undefined) step({ kind: 'message', bytes });
  };
  step({ kind: 'start' });
  for (const move of moves) {
    const from = pool();
    const picked = (at: number) => from[at % Math.max(1, from.length)];
    switch (move.kind) {
      case 'genuine':
        deliver(forks[move.fork]?.forVictim.at(-1));
        break;
      case 'old':
        deliver(picked(move.at));
        break;
      case 'cut':
        deliver(picked(move.at)?.subarray(0, -1 - move.length));
        break;
      case 'flip':
        deliver(flipped(picked(move.at), move.bit));
        break;
      case 'mix':
        deliver(mixed(picked(move.at), picked(move.other), move.bits));
        break;
      case 'deadline':
        forks[move.fork]?.deadline();
        break;
      case 'certify':
        forks[move.fork]?.certify(swarm);
        break;
      case 'survivors': {
        const sets = { sharers: setOf(move.sharers), survivors: setOf(move.survivors) };
        const about = move.foreign ? other : plan;
        const statement = survivorStatement(about, sets);
        if (move.certificate === 'asked') certificates.push(swarm.certify(about, statement));
        const certificate = move.certificate === 'none' ? new Uint8Array(0) : certificates.at(-1);
        deliver(encodeServerMessage({ kind: 'survivors', statement, certificate: certificate as Uint8Array }));
        break;
      }
      case 'start':
        step({ kind: 'start' });
    }
  }
  return { wrong: watch.wrong, phase: victim.phase };
}

/** Sees all that goes in and out of one client. */
class Watch {
  wrong: string | undefined;
  readonly #plan: AggregationPlan;
  readonly #isCommitted: MaskingClientDeps['isCommitted'];
  readonly #sent = new Map<string, Set<string>>();

  constructor(plan: AggregationPlan, isCommitted: MaskingClientDeps['isCommitted']) {
    this.#plan = plan;
    this.#isCommitted = isCommitted;
  }

  /** @returns the bytes that left */
  see(input: ClientInput, step: () => readonly ClientEffect[]): readonly Uint8Array[] {
    let effects: readonly ClientEffect[] = [];
    try {
      effects = step();
    } catch (error) {
      this.wrong = `it threw ${String(error)}`;
    }
    const sent = effects.flatMap((effect) => (effect.kind === 'send' ? [effect.bytes] : []));
    for (const bytes of sent) this.wrong ??= this.#wrongWith(input, bytes);
    return sent;
  }

  #wrongWith(input: ClientInput, bytes: Uint8Array): string | undefined {
    const read = readClientMessage(bytes, this.#plan.length);
    if (!read.ok) return 'it sent no message';
    const before = this.#sent.get(read.value.kind)?.size ?? 0;
    if (this.#note(read.value.kind, toHex(bytes)) > 1) return `it sent two messages of ${read.value.kind}`;
    if (read.value.kind !== 'reveal') return undefined;
    for (const { of, share } of read.value.shares) {
      if (this.#note(`share of ${of}`, toHex(share)) > 1) return `it gave both secrets of member ${of}`;
    }
    // The same bytes again say nothing new, whoever asks.
    return before === 0 ? this.#wrongReveal(input) : undefined;
  }

  #wrongReveal(input: ClientInput): string | undefined {
    const asked = input.kind === 'message' ? readServerMessage(input.bytes) : undefined;
    if (!asked?.ok || asked.value.kind !== 'survivors') return 'it revealed without a statement';
    const { statement, certificate } = asked.value;
    if (!this.#isCommitted(statement, certificate)) return 'it revealed without a certificate';
    const sets = readSurvivorStatement(this.#plan, statement);
    if (!sets.ok) return `it revealed to a statement that is ${sets.reason}`;
    return sets.value.survivors.has(0) ? undefined : 'it revealed to survivors without itself';
  }

  /** @returns how many different ones of this name have left */
  #note(name: string, what: string): number {
    const known = this.#sent.get(name) ?? new Set();
    this.#sent.set(name, known.add(what));
    return known.size;
  }
}

function flipped(bytes: Uint8Array | undefined, bit: number): Uint8Array | undefined {
  const at = (bit >> 3) % Math.max(1, bytes?.length ?? 1);
  return bytes?.map((byte, i) => (i === at ? byte ^ (1 << (bit & 7)) : byte));
}

function mixed(one: Uint8Array | undefined, other: Uint8Array | undefined, bits: number): Uint8Array | undefined {
  const read = [one, other].map((bytes) => (bytes === undefined ? undefined : readServerMessage(bytes)));
  const [a, b] = read.map((message) => (message?.ok ? message.value : undefined));
  if (a === undefined || b === undefined) return one;
  const isChosen = (i: number) => ((bits >> i) & 1) === 1;
  const choose = <Entry>(ours: readonly Entry[], theirs: readonly Entry[] | undefined) =>
    theirs === undefined
      ? ours.filter((_, i) => isChosen(i))
      : ours.map((entry, i) => (isChosen(i) ? entry : (theirs[i] ?? entry)));
  const made = ((): ServerMessage => {
    if (a.kind === 'roster') return { ...a, entries: choose(a.entries, b.kind === a.kind ? b.entries : undefined) };
    if (a.kind === 'pairs') return { ...a, entries: choose(a.entries, b.kind === a.kind ? b.entries : undefined) };
    if (a.kind === 'boxes') return { ...a, entries: choose(a.entries, b.kind === a.kind ? b.entries : undefined) };
    return a;
  })();
  return encodeServerMessage(made);
}

function setOf(bits: number): ReadonlySet<number> {
  return new Set(Array.from({ length: SIZE }, (_, i) => i).filter((i) => ((bits >> i) & 1) === 1));
}

const fork = fc.constantFrom(0, 0, 0, 0, 0, 1);
const at = fc.nat(40);
const bits = fc.nat(15);
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('genuine' as const), fork }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('old' as const), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at, length: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat(60_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mix' as const), at, other: at, bits }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deadline' as const), fork }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('certify' as const), fork }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('survivors' as const),
      sharers: fc.constantFrom(15, 15, 15, 15, 7, 11, 13),
      survivors: fc.constantFrom(15, 15, 7, 11, 13, 14, 3),
      foreign: fc.constantFrom(false, false, false, true),
      certificate: fc.constantFrom('asked' as const, 'asked' as const, 'other' as const, 'none' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('start' as const) }) },
);

/** Sieges in which the server gets somewhere often enough. */
export const sieges: fc.Arbitrary<Siege> = fc.record({
  moves: fc.array(move, { minLength: 10, maxLength: 40, size: 'max' }),
  swarm: fc.constantFrom('honest', 'worst'),
});
