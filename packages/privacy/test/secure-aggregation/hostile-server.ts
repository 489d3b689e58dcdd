import { toHex } from '@murmuration/core';
import { ed25519Verify, type Signer, sha3_256 } from '@murmuration/crypto';
import fc from 'fast-check';
import {
  type AggregationPlan,
  type ClientEffect,
  type ClientInput,
  createMaskingClient,
  type MaskingClient,
  type MaskingClientDeps,
  readRosterStatement,
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
import { KEYS_DOMAIN, signedKey } from '../../src/secure-aggregation/secrets.ts';
import { committee, Fork, foreignMessages, keyOf, type Mode, planFor, SIZE, Swarm, signers } from './hostile-forks.ts';
import { memberEntropy } from './world.ts';

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

export interface Siege {
  readonly moves: readonly Move[];
  readonly mode: Mode;
  /** Whether honest replicas stand between server and members, or the swarm commits to everything. */
  readonly swarm: 'honest' | 'worst';
}

/** Each call of `deps` gives the same entropy from its beginning. */
export type MakeVictim = (deps: () => MaskingClientDeps, plan: AggregationPlan, input: Int32Array) => MaskingClient;
const realVictim: MakeVictim = (deps, plan, input) => createMaskingClient(deps(), plan, 0, input);

/** One client against one server that does as it likes. @returns what the client must never do and did, if anything */
export function besiege({ moves, mode, swarm: kind }: Siege, make: MakeVictim = realVictim) {
  const [plan, other] = [planFor(mode, 1), planFor(mode, 2)];
  const swarm = new Swarm();
  const forks = [new Fork(plan, 'one'), new Fork(plan, 'two')];
  const foreign = foreignMessages(mode);
  const pool = () => [...foreign, ...forks.flatMap((fork) => fork.forVictim)];
  const certificates: Uint8Array[] = [new Uint8Array(0)];
  const isCertified = (statement: Uint8Array, certificate: Uint8Array) =>
    verifyStatementCertificate(committee, statement, certificate).ok;
  const isCommitted = kind === 'worst' ? () => true : isCertified;
  const signer = signers[0] as Signer;
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
    if (read.value.kind === 'ciphertexts') return this.#wrongRoster(input);
    if (read.value.kind !== 'reveal') return undefined;
    for (const { of, share } of read.value.shares) {
      if (this.#note(`share of ${of}`, toHex(share)) > 1) return `it gave both secrets of member ${of}`;
    }
    // The same bytes again say nothing new, whoever asks.
    return before === 0 ? this.#wrongReveal(input) : undefined;
  }

  #wrongRoster(input: ClientInput): string | undefined {
    const asked = input.kind === 'message' ? readServerMessage(input.bytes) : undefined;
    if (!asked?.ok) return 'it agreed with nobody';
    const { value } = asked;
    if (value.kind === 'committed-roster' && this.#plan.roster === 'committed') {
      if (!this.#isCommitted(value.statement, value.certificate)) return 'it took a roster without a certificate';
      const digests = readRosterStatement(this.#plan, value.statement);
      const isIn = ({ member, publicKey }: (typeof value.entries)[0]) =>
        digests.ok && toHex(digests.value.get(member) ?? new Uint8Array(0)) === toHex(sha3_256(publicKey));
      return value.entries.every(isIn) ? undefined : 'it took a key that is in no roster';
    }
    if (value.kind !== 'roster' || this.#plan.roster !== 'signed') return 'it took keys in another mode';
    const isSigned = ({ member, publicKey, signature }: (typeof value.entries)[0]) =>
      ed25519Verify(KEYS_DOMAIN, signedKey(this.#plan, member, publicKey), signature, keyOf(member) as Uint8Array);
    return value.entries.every(isSigned) ? undefined : 'it took a key that nobody signed';
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
    if (a.kind === 'committed-roster')
      return { ...a, entries: choose(a.entries, b.kind === a.kind ? b.entries : undefined) };
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
  mode: fc.constantFrom('signed', 'signed', 'signed', 'committed', 'committed', 'committed', 'norm'),
  swarm: fc.constantFrom('honest', 'worst'),
});
