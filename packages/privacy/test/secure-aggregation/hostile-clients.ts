import { utf8 } from '@murmuration/core';
import fc from 'fast-check';
import {
  type AggregationResult,
  type Aggregator,
  type AggregatorEffect,
  type AggregatorInput,
  type MaskingClient,
  type RosterMode,
  readSurvivorStatement,
} from '../../src/secure-aggregation/index.ts';
import { type ClientMessage, encodeClientMessage, readClientMessage } from '../../src/secure-aggregation/messages.ts';
import { createWorld, type World } from './world.ts';

const SIZE = 5;
/** The last two members lie; so does whoever is no member. */
const LIARS: readonly number[] = [3, 4];
const LENGTH = 4;

/** A choice of the network, the deadlines and the liars: numbers pick among what there is. */
export type Move =
  /** What the members of this set have ready to say arrives. */
  | { readonly kind: 'pass'; readonly members: number }
  /** A message that was said before arrives again, from who said it. */
  | { readonly kind: 'again'; readonly at: number }
  /** Anything that anyone said, here or in another round, from a liar. */
  | { readonly kind: 'stolen'; readonly liar: number; readonly at: number }
  | { readonly kind: 'cut'; readonly liar: number; readonly at: number; readonly length: number }
  | { readonly kind: 'flip'; readonly liar: number; readonly at: number; readonly bit: number }
  /** A vector, or shares, of a liar's own making. */
  | { readonly kind: 'made'; readonly liar: number; readonly what: 'masked' | 'reveal'; readonly fill: number }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'certified' };

interface Said {
  readonly from: number;
  readonly bytes: Uint8Array;
}

export interface Mob {
  readonly moves: readonly Move[];
  readonly roster: RosterMode;
}

/** Messages of an honest run of another round. */
const foreign = new Map<RosterMode, readonly Said[]>();

function foreignMessages(roster: RosterMode): readonly Said[] {
  const before = foreign.get(roster);
  if (before !== undefined) return before;
  const said: Said[] = [];
  const world = createWorld({ seedText: 'foreign', size: SIZE, length: LENGTH, round: 2, unsigned: true, roster });
  const crowd = new Crowd(world, world.aggregator);
  for (let i = 0; i < 7; i++) {
    for (const one of crowd.ready.splice(0)) {
      said.push(one);
      crowd.tell({ kind: 'message', ...one });
    }
    crowd.certify();
  }
  foreign.set(roster, said);
  return said;
}

/** The members of a group, of whom each answers the server at once; what they say waits for the network. */
class Crowd {
  readonly ready: Said[] = [];
  readonly clients: readonly MaskingClient[];
  statement: Uint8Array | undefined;
  readonly #world: World;
  readonly #server: Aggregator;

  constructor(world: World, server: Aggregator) {
    this.clients = world.clients;
    this.#world = world;
    this.#server = server;
    for (const member of world.clients.keys()) this.#answer(member, undefined);
  }

  tell(input: AggregatorInput): readonly AggregatorEffect[] {
    const effects = this.#server.step(input);
    for (const effect of effects) {
      if (effect.kind === 'send') this.#answer(effect.to, effect.bytes);
      if (effect.kind !== 'commit') continue;
      this.statement = effect.statement;
      this.#world.committed.push(effect.statement);
    }
    return effects;
  }

  certify(): readonly AggregatorEffect[] {
    return this.tell({ kind: 'certified', certificate: utf8('certificate') });
  }

  #answer(member: number, bytes: Uint8Array | undefined): void {
    const input = bytes === undefined ? ({ kind: 'start' } as const) : ({ kind: 'message', bytes } as const);
    for (const effect of (this.clients[member] as MaskingClient).step(input)) {
      if (effect.kind === 'send') this.ready.push({ from: member, bytes: effect.bytes });
    }
  }
}

export type MakeServer = (world: World) => Aggregator;
const realServer: MakeServer = (world) => world.aggregator;

/**
 * One server in a crowd in which two members lie, in a network that loses the order and repeats.
 * @returns what the server must never do and did, if anything
 */
export function mob({ moves, roster }: Mob, make: MakeServer = realServer) {
  const world = createWorld({ seedText: 'mob', size: SIZE, length: LENGTH, unsigned: true, roster });
  const server = make(world);
  const watch = new Watch(world);
  const crowd = new Crowd(world, {
    get phase() {
      return server.phase;
    },
    step: (input) => watch.see(input, server),
  });
  const said: Said[] = [];
  const deliver = (one: Said) => {
    if (watch.wrong !== undefined) return;
    // Where a message lies in its buffer is the network's matter.
    const buffer = new Uint8Array(one.bytes.length + 3);
    buffer.set(one.bytes, 3);
    crowd.tell({ kind: 'message', from: one.from, bytes: buffer.subarray(3) });
  };
  const liar = (at: number) => [...LIARS, SIZE, -1, Number.NaN][at] as number;
  for (const move of moves) {
    watch.genuine(crowd.ready);
    const known = [...foreignMessages(roster), ...said, ...crowd.ready];
    const picked = (at: number) => (known[at % known.length] as Said).bytes;
    switch (move.kind) {
      case 'pass': {
        const passing = crowd.ready.filter(({ from }) => ((move.members >> from) & 1) === 1);
        for (const one of passing) {
          crowd.ready.splice(crowd.ready.indexOf(one), 1);
          said.push(one);
          deliver(one);
        }
        break;
      }
      case 'again':
        if (said.length > 0) deliver(said[move.at % said.length] as Said);
        break;
      case 'stolen':
        deliver({ from: liar(move.liar), bytes: picked(move.at) });
        break;
      case 'cut':
        deliver({ from: liar(move.liar), bytes: picked(move.at).subarray(0, -1 - move.length) });
        break;
      case 'flip': {
        const bytes = picked(move.at).slice();
        const place = (move.bit >> 3) % bytes.length;
        bytes[place] = (bytes[place] as number) ^ (1 << (move.bit & 7));
        deliver({ from: liar(move.liar), bytes });
        break;
      }
      case 'made':
        deliver({ from: liar(move.liar), bytes: encodeClientMessage(made(move.what, move.fill)) });
        break;
      case 'deadline':
        crowd.tell({ kind: 'deadline' });
        break;
      case 'certified':
        crowd.certify();
    }
  }
  return { wrong: watch.wrong, phase: server.phase, isExact: watch.exact };
}

function made(what: 'masked' | 'reveal', fill: number): ClientMessage {
  if (what === 'masked') return { kind: 'masked', words: new Uint8Array(4 * LENGTH).fill(fill) };
  const shares = Array.from({ length: SIZE }, (_, of) => ({ of, share: new Uint8Array(32).fill(fill) }));
  return { kind: 'reveal', shares };
}

/** Sees all that goes in and out of one server, and keeps its own account of who is in the sum. */
class Watch {
  wrong: string | undefined;
  /** Whether a sum was released that could be compared number by number. */
  exact = false;
  readonly #world: World;
  #phase = 'keys';
  #sharers: ReadonlySet<number> = new Set();
  /** Vectors in time, as they came, and as their senders' clients made them. */
  readonly #vectors = new Map<number, Int32Array>();
  readonly #genuine = new Map<number, Int32Array>();
  #statement: Uint8Array | undefined;
  #isCertified = false;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** What members have to say: a liar may send another vector than its client made, and the sum shifts by that. */
  genuine(ready: readonly Said[]): void {
    for (const { from, bytes } of ready) {
      const words = vectorOf(bytes);
      if (words !== undefined) this.#genuine.set(from, words);
    }
  }

  see(input: AggregatorInput, server: Aggregator): readonly AggregatorEffect[] {
    this.#before(input);
    let effects: readonly AggregatorEffect[] = [];
    try {
      effects = server.step(input);
    } catch (error) {
      this.wrong = `it threw ${String(error)}`;
    }
    for (const effect of effects) this.#after(effect, effects);
    return effects;
  }

  #before(input: AggregatorInput): void {
    if (input.kind === 'certified' && this.#statement !== undefined) this.#isCertified = true;
    if (input.kind !== 'message' || this.#phase !== 'masked') return;
    const words = vectorOf(input.bytes);
    if (words === undefined || !this.#sharers.has(input.from) || this.#vectors.has(input.from)) return;
    this.#vectors.set(input.from, words);
  }

  #after(effect: AggregatorEffect, all: readonly AggregatorEffect[]): void {
    if (effect.kind === 'phase') {
      this.#phase = effect.phase;
      if (effect.phase === 'masked')
        this.#sharers = new Set(all.flatMap((one) => (one.kind === 'send' ? [one.to] : [])));
    }
    if (effect.kind === 'commit' && effect.keys === undefined) {
      if (this.#statement !== undefined) this.wrong ??= 'it asked for two statements';
      this.#statement = effect.statement;
    }
    if (effect.kind !== 'sum' && effect.kind !== 'void') return;
    if (this.#isOver) this.wrong ??= `it ended twice, the second time with ${effect.kind}`;
    this.#isOver = true;
    if (effect.kind === 'sum') this.wrong ??= this.#wrongSum(effect.result);
  }

  #wrongSum({ survivors, sum }: AggregationResult): string | undefined {
    if (!this.#isCertified || this.#statement === undefined) return 'it released a sum that nobody committed to';
    const sets = readSurvivorStatement(this.#world.plan, this.#statement);
    const committed = sets.ok ? [...sets.value.survivors].sort() : [];
    if (survivors.join() !== committed.join()) return `a sum of ${survivors}, committed were ${committed}`;
    const inTime = [...this.#vectors.keys()].sort();
    if (survivors.join() !== inTime.join()) return `a sum of ${survivors}, in time were ${inTime}`;
    if (survivors.some((member) => !this.#genuine.has(member))) return undefined;
    this.exact = true;
    const wanted = new Int32Array(LENGTH);
    for (const member of survivors) {
      for (let i = 0; i < LENGTH; i++) {
        const shift = at(this.#vectors.get(member), i) - at(this.#genuine.get(member), i);
        wanted[i] = at(wanted, i) + at(this.#world.inputs[member], i) + shift;
      }
    }
    return sum.join() === wanted.join() ? undefined : 'the sum is not that of the committed vectors';
  }
}

/** The vector of a message, where it has one of the right length. */
export function vectorOf(bytes: Uint8Array): Int32Array | undefined {
  const read = readClientMessage(bytes, LENGTH);
  if (!read.ok || read.value.kind !== 'masked' || read.value.words.length !== 4 * LENGTH) return undefined;
  return new Int32Array(read.value.words.slice().buffer);
}

function at(words: Int32Array | undefined, i: number): number {
  return words?.[i] as number;
}

const place = fc.nat(60);
const aLiar = fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 3, 4);
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      members: fc.constantFrom(31, 31, 31, 31, 7, 15, 23, 1, 2, 4, 8),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('again' as const), at: place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stolen' as const), liar: aLiar, at: place }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cut' as const), liar: aLiar, at: place, length: fc.nat(200) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('flip' as const), liar: aLiar, at: place, bit: fc.nat(60_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: fc.constant('made' as const), liar: aLiar, fill: fc.nat(255) },
      what: fc.constantFrom('masked' as const, 'masked' as const, 'reveal' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deadline' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('certified' as const) }) },
);
/** Mobs among whom a sum comes out often enough. */
export const mobs: fc.Arbitrary<Mob> = fc.record({
  moves: fc.array(move, { minLength: 12, maxLength: 40, size: 'max' }),
  roster: fc.constantFrom('signed', 'signed', 'committed'),
});
