import { type Random, seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { type Bully, type BullyEffect, type BullyEvent, createBully, isCurrentHint } from '../../src/election/bully.ts';

/** A cluster of elections on one clock. */
class Hall {
  readonly members: (Bully | null)[];
  readonly stores: Map<string, Uint8Array>[];
  readonly hints: { by: number; leader: number; term: number }[] = [];
  readonly terms: number[][];
  nowMs = 0;
  sent = 0;
  loss = 0;
  cut: (from: number, to: number) => boolean = () => false;
  private queue: { at: number; order: number; run: () => void }[] = [];
  private order = 0;
  private readonly timers: Map<string, number>[];
  private readonly random: Random;

  constructor(size: number, seed: number | string = 0) {
    this.random = seededRandom(`bully ${seed}`);
    this.members = Array.from({ length: size }, () => null);
    this.stores = this.members.map(() => new Map());
    this.timers = this.members.map(() => new Map());
    this.terms = this.members.map(() => []);
  }

  boot(...members: readonly number[]): void {
    for (const i of members) {
      this.members[i] = createBully({ size: this.members.length, self: i });
      const records = [...(this.stores[i] as Map<string, Uint8Array>)].map(([key, value]) => ({ key, value }));
      this.step(i, { kind: 'start', records });
    }
  }

  crash(i: number): void {
    this.members[i] = null;
    this.timers[i]?.clear();
  }

  step(i: number, event: BullyEvent): readonly BullyEffect[] {
    const effects = this.members[i]?.step(event) ?? [];
    for (const effect of effects) this.carryOut(i, effect);
    return effects;
  }

  private carryOut(i: number, effect: BullyEffect): void {
    const timers = this.timers[i] as Map<string, number>;
    if (effect.kind === 'persist') this.stores[i]?.set(effect.key, effect.value as Uint8Array);
    if (effect.kind === 'hint') {
      this.hints.push({ by: i, ...effect.hint });
      this.terms[i]?.push(effect.hint.term);
    }
    if (effect.kind === 'cancelTimer') timers.delete(effect.id);
    if (effect.kind === 'send') {
      this.sent += 1;
      const to = effect.to as number;
      if (this.random.unit() < this.loss) return;
      this.later(1 + this.random.below(20), () => {
        if (!this.cut(i, to)) this.step(to, { kind: 'message', from: i, bytes: effect.bytes });
      });
    }
    if (effect.kind === 'setTimer') {
      const ticket = ++this.order;
      timers.set(effect.id, ticket);
      this.later(effect.delayMs, () => {
        if (timers.get(effect.id) === ticket) this.step(i, { kind: 'timer', id: effect.id });
      });
    }
  }

  private later(delayMs: number, run: () => void): void {
    this.queue.push({ at: this.nowMs + delayMs, order: ++this.order, run });
    this.queue.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  run(forMs: number): void {
    const end = this.nowMs + forMs;
    for (let next = this.queue[0]; next !== undefined && next.at <= end; next = this.queue[0]) {
      this.queue.shift();
      this.nowMs = next.at;
      next.run();
    }
    this.nowMs = end;
  }

  believed(): (number | undefined)[] {
    return this.members.map((member) => member?.hint?.leader);
  }
}

test('all come to believe in the highest live member, and in the next when it dies, and in it again when it is back', () => {
  const hall = new Hall(5);
  hall.boot(0, 1, 2, 3, 4);
  hall.run(3000);
  expect(hall.believed()).toEqual([4, 4, 4, 4, 4]);
  hall.crash(4);
  hall.run(6000);
  expect(hall.believed()).toEqual([3, 3, 3, 3, undefined]);
  hall.boot(4);
  hall.run(3000);
  expect(hall.believed()).toEqual([4, 4, 4, 4, 4]);
});

test('terms of hints never fall, also across restarts, and all agree once messages come through', () => {
  for (let seed = 0; seed < 20; seed++) {
    const hall = new Hall(4, seed);
    const random = seededRandom(seed);
    hall.boot(0, 1, 2, 3);
    hall.loss = 0.2;
    for (let turn = 0; turn < 15; turn++) {
      const one = random.below(4);
      if (hall.members[one] === null) hall.boot(one);
      else if (random.below(2) === 0) hall.crash(one);
      hall.run(random.below(1500));
    }
    for (const terms of hall.terms) expect(terms).toEqual([...terms].sort((a, b) => a - b));
    hall.loss = 0;
    for (let i = 0; i < 4; i++) if (hall.members[i] === null) hall.boot(i);
    hall.run(10_000);
    expect(hall.believed()).toEqual([3, 3, 3, 3]);
  }
});

test('both sides of a partition have their own leader: why a hint must be fenced', () => {
  const hall = new Hall(4);
  hall.boot(0, 1, 2, 3);
  hall.cut = (from, to) => from < 2 !== to < 2;
  hall.run(6000);
  expect(hall.believed()).toEqual([1, 1, 3, 3]);
  hall.cut = () => false;
  hall.run(8000);
  expect(hall.believed()).toEqual([3, 3, 3, 3]);
});

test('a hint is void once consensus has reached a later term', () => {
  const hall = new Hall(2);
  hall.boot(0, 1);
  hall.run(1000);
  const hint = hall.members[0]?.hint ?? null;
  expect(isCurrentHint(hint, hint?.term ?? 0)).toBe(true);
  expect(isCurrentHint(hint, 50)).toBe(false);
  hall.step(0, { kind: 'term', term: 50 });
  expect(hall.members[0]?.hint).toBe(null);
  hall.run(10_000);
  expect(isCurrentHint(hall.members[0]?.hint ?? null, 50)).toBe(true);
});

test('the good case, where the highest begins, costs n − 1 messages', () => {
  for (const n of [2, 4, 7]) {
    const highest = createBully({ size: n, self: n - 1 });
    const sends = highest.step({ kind: 'start', records: [] }).filter(({ kind }) => kind === 'send');
    expect(sends.length).toBe(n - 1);
  }
});

test('what no member sends is a counted reason', () => {
  const hall = new Hall(3);
  hall.boot(0, 1, 2);
  hall.run(1000);
  const at = (i: number, from: number, bytes: Uint8Array) =>
    hall
      .step(i, { kind: 'message', from, bytes })
      .flatMap((effect) => (effect.kind === 'refused' ? [effect.reason] : []));
  const wire = (kind: number, term: number) => Uint8Array.of(0x92, kind, 0x91, term);
  expect(at(0, 3, wire(1, 1))).toEqual(['unknown-sender']);
  expect(at(0, 1, wire(1, 1))).toEqual(['not-below']);
  expect(at(2, 1, wire(2, 1))).toEqual(['not-above']);
  expect(at(0, 2, wire(2, 1))).toEqual(['not-asked']);
  expect(at(0, 2, wire(3, 0))).toEqual(['stale-term']);
  expect(at(2, 1, wire(3, 9))).toEqual(['outranked']);
  expect(at(0, 1, Uint8Array.of(0xc1))).toEqual(['malformed']);
  expect(at(0, 1, new Uint8Array(65))).toEqual(['too-large']);
  const far = new Uint8Array(12).fill(0x91, 2, 3);
  far.set([0x92, 3]);
  far[3] = 0xcb;
  new DataView(far.buffer).setFloat64(4, 2 ** 50);
  expect(at(0, 2, far)).toEqual(['implausible-term']);
});
