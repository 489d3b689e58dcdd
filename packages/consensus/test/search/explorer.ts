import { createHash } from 'node:crypto';
import type { EngineEffect } from '../../src/index.ts';
import { copyOf, printOf } from './snapshot.ts';
import type { Sent, Subject } from './subject.ts';

export interface SearchOptions {
  /** Global states after which the search gives up: it then is not exhaustive. */
  readonly maxStates: number;
  /** Whether each quorum of a ballot that has the same effect is followed, and not only the first. @default false */
  readonly everyQuorum?: boolean;
}

export interface SearchResult {
  /** Whether everything within the bound was visited, without a violation. */
  readonly exhaustive: boolean;
  /** Combinations of replica states. */
  readonly states: number;
  /** States of single replicas. */
  readonly replicaStates: number;
  /** Steps of real engines. */
  readonly steps: number;
  /** What was committed somewhere, such as `A by view 0`. */
  readonly commits: readonly string[];
  /** The shortest way to two replicas that commit different values, if there is one. */
  readonly violation?: readonly string[];
}

/** One replica after some events, with all it has sent. Two ways to the same one are one. */
interface Local<State> {
  readonly self: number;
  readonly state: State;
  /** Numbers of messages, ascending. */
  readonly sent: readonly number[];
  readonly value: string | undefined;
  readonly view: number;
  readonly place: string;
}

/** The most messages that one move takes in: what a quorum lacks, the own word not counted. */
const MAX_BURST = 3;

/** One move of a replica: it takes in some messages, of which the last makes it speak or commit; or its time is up. */
interface Move {
  readonly next: number;
  readonly taken: readonly number[] | 'timeout';
}

interface Origin {
  readonly parent: number;
  readonly move: Move;
}

/**
 * Visits every state that a group can reach, by the real engines: for each replica every state that any order of
 * messages leads to, found once and remembered; for the group every combination. See specs/consensus/search.md.
 */
export class Explorer<State extends object> {
  private readonly subject: Subject<State>;
  private readonly everyQuorum: boolean;
  private readonly maxStates: number;
  private readonly messages: Sent[] = [];
  private readonly messageNumbers = new Map<string, number>();
  private readonly locals: Local<State>[] = [];
  private readonly localNumbers = new Map<string, number>();
  private readonly delivered = new Map<number, Map<number, { readonly next: number; readonly loud: boolean }>>();
  private readonly timedOut = new Map<number, number | undefined>();
  private readonly moves = new Map<string, readonly Move[]>();
  private readonly lies = new Map<string, readonly number[]>();
  private readonly commits = new Set<string>();
  private steps = 0;

  constructor(subject: Subject<State>, { maxStates, everyQuorum = false }: SearchOptions) {
    this.subject = subject;
    this.maxStates = maxStates;
    this.everyQuorum = everyQuorum;
  }

  /** Breadth first, so that a violation is found by the shortest way. */
  run(): SearchResult {
    const first = this.subject
      .boot()
      .map(({ self, state, effects }) => this.local(self, state, [], undefined, effects));
    const group: (readonly number[])[] = [first];
    const origin: Origin[] = [];
    const known = new Set([first.join()]);
    for (let at = 0; at < group.length; at++) {
      const members = group[at] as readonly number[];
      const last: Move[] = [];
      for (const [mover, move] of this.successors(members)) {
        if (this.isLastWord(members[mover], move)) last.push(move);
        else {
          const next = members.with(mover, move.next);
          const key = next.join();
          if (known.has(key)) continue;
          known.add(key);
          origin[group.length] = { parent: at, move };
          group.push(next);
        }
      }
      if (this.disagree([...members, ...last.map(({ next }) => next)])) {
        return this.result(group.length, [...this.story(origin, at), ...last.map((move) => this.tell(move))]);
      }
      if (group.length > this.maxStates) return this.result(group.length, undefined, false);
    }
    return this.result(group.length);
  }

  /** A decision in the last view: nothing that follows from it is within the bound. */
  private isLastWord(before: number | undefined, { next }: Move): boolean {
    const [from, to] = [this.locals[before as number], this.locals[next]] as const;
    return to?.value !== from?.value && to?.view === this.subject.views - 1;
  }

  private result(states: number, violation?: readonly string[], exhaustive = violation === undefined): SearchResult {
    const { locals, steps } = this;
    const commits = [...this.commits].sort();
    const counts = { exhaustive, states, replicaStates: locals.length, steps, commits };
    return violation === undefined ? counts : { ...counts, violation };
  }

  private disagree(members: readonly number[]): boolean {
    const values = members.flatMap((local) => this.locals[local]?.value ?? []);
    return new Set(values).size > 1;
  }

  private *successors(members: readonly number[]): Iterable<readonly [number, Move]> {
    const sent = members.flatMap((local) => this.locals[local]?.sent ?? []).sort((a, b) => a - b);
    const all = [...this.liesAfter(sent), ...sent];
    for (const [mover, local] of members.entries()) {
      const { self } = this.locals[local] as Local<State>;
      const reach = all.filter((number) => {
        const { from, to } = this.messages[number] as Sent;
        return from !== self && (to === 'all' || to === self);
      });
      for (const move of this.movesOf(local, reach)) {
        if (this.inTurn(members, mover, move)) yield [mover, move];
      }
    }
  }

  /**
   * Views are left one replica after the other once all else in them is done: what a replica does in a view does not
   * depend on who has left it, so every run has one in this order that ends alike.
   */
  private inTurn(members: readonly number[], mover: number, { next }: Move): boolean {
    const view = (local: number | undefined) => (this.locals[local as number] as Local<State>).view;
    const lowest = Math.min(...members.map(view));
    if (view(next) >= this.subject.views) return false;
    const leaves = view(next) > view(members[mover]);
    if (!leaves) return members.every((local) => view(local) === lowest);
    return mover === members.findIndex((local) => view(local) === lowest);
  }

  private liesAfter(sent: readonly number[]): readonly number[] {
    const key = sent.join();
    const known = this.lies.get(key);
    if (known !== undefined) return known;
    const lies = this.subject.lies(sent.map((number) => this.messages[number] as Sent)).map((lie) => this.message(lie));
    this.lies.set(key, lies);
    return lies;
  }

  private movesOf(local: number, reach: readonly number[]): readonly Move[] {
    const fresh = reach.filter((number) => this.deliver(local, number).next !== local);
    const key = `${local} ${fresh.join()}`;
    const known = this.moves.get(key);
    if (known !== undefined) return known;
    const all: Move[] = [];
    this.extend(local, local, [], fresh, all);
    const moves = [...this.distinct(local, all)];
    const expired = this.timeOut(local);
    if (expired !== undefined) moves.push({ next: expired, taken: 'timeout' });
    this.moves.set(key, moves);
    return moves;
  }

  /** Every few messages whose last makes the replica speak, and none of which it could do without. */
  private extend(start: number, at: number, taken: readonly number[], fresh: readonly number[], moves: Move[]): void {
    for (const number of fresh) {
      if (taken.includes(number) || !this.together(taken, number)) continue;
      const { next, loud } = this.deliver(at, number);
      if (next === at) continue;
      const longer = [...taken, number];
      if (loud) {
        if (this.isLean(start, longer)) moves.push({ next, taken: longer });
      } else if (longer.length < MAX_BURST && this.ascending(longer)) this.extend(start, next, longer, fresh, moves);
    }
  }

  /** The votes of one move are of one ballot. */
  private together(taken: readonly number[], number: number): boolean {
    const ballots = [...taken, number].flatMap((one) => this.messages[one]?.ballot ?? []);
    return new Set(ballots).size <= 1;
  }

  /** What a replica hears without a word comes in one order: votes before the last one are only kept. */
  private ascending(taken: readonly number[]): boolean {
    return taken.length < 2 || (taken.at(-2) as number) < (taken.at(-1) as number);
  }

  /** Whether each of the messages is needed for the last one to make the replica speak. */
  private isLean(start: number, taken: readonly number[]): boolean {
    return taken.slice(0, -1).every((_, left) => {
      let at = start;
      for (const [i, number] of taken.entries()) {
        if (i === left) continue;
        const { next, loud } = this.deliver(at, number);
        if (loud) return false;
        at = next;
      }
      return true;
    });
  }

  /** One move for each effect: which of a ballot's votes made the quorum tells nobody anything. */
  private distinct(start: number, moves: readonly Move[]): readonly Move[] {
    if (this.everyQuorum) return moves;
    const firsts = new Map<string, Move>();
    const before = new Set(this.locals[start]?.sent);
    for (const move of moves) {
      const { sent, value, place } = this.locals[move.next] as Local<State>;
      const heard = move.taken === 'timeout' ? [] : move.taken.map((number) => this.messages[number] as Sent);
      const said = sent.filter((number) => !before.has(number)).map((number) => this.messages[number]?.name);
      const key = [...new Set(heard.map(({ ballot, name }) => ballot ?? name)), '/', ...said, value, place].join();
      if (!firsts.has(key)) firsts.set(key, move);
    }
    return [...firsts.values()];
  }

  private deliver(local: number, number: number): { readonly next: number; readonly loud: boolean } {
    const row = this.delivered.get(local) ?? new Map<number, { next: number; loud: boolean }>();
    this.delivered.set(local, row);
    const known = row.get(number);
    if (known !== undefined) return known;
    const next = this.step(local, (self, state) => this.subject.deliver(self, state, this.messages[number] as Sent));
    const [before, after] = [this.locals[local], this.locals[next as number]] as const;
    const said = before?.sent.length !== after?.sent.length || before?.value !== after?.value;
    const loud = said || before?.place !== after?.place;
    const outcome = { next: next as number, loud };
    row.set(number, outcome);
    return outcome;
  }

  private timeOut(local: number): number | undefined {
    if (!this.timedOut.has(local)) {
      this.timedOut.set(
        local,
        this.step(local, (self, state) => this.subject.timeOut(self, state)),
      );
    }
    return this.timedOut.get(local);
  }

  private step(
    local: number,
    take: (self: number, state: State) => readonly EngineEffect[] | undefined,
  ): number | undefined {
    const { self, state, sent, value } = this.locals[local] as Local<State>;
    const twin = copyOf(state, this.subject.fixed);
    const effects = take(self, twin);
    this.steps += 1;
    return effects === undefined ? undefined : this.local(self, twin, sent, value, effects);
  }

  /** @returns the number of this state of a replica, which `effects` have just led to */
  private local(
    self: number,
    state: State,
    before: readonly number[],
    value: string | undefined,
    effects: readonly EngineEffect[],
  ): number {
    const sent = new Set(before);
    let committed = value;
    for (const effect of effects) {
      if (effect.kind === 'commit' && effect.commit.height === 1) {
        const read = this.subject.readCommit(effect.commit.payload, effect.commit.certificate);
        committed = read.value;
        this.commits.add(read.name);
      }
      if (effect.kind !== 'send') continue;
      const read = this.subject.read(self, effect.bytes);
      if (read !== undefined) sent.add(this.message({ from: self, to: effect.to, bytes: effect.bytes, ...read }));
    }
    const numbers = [...sent].sort((a, b) => a - b);
    const text = `${self} ${committed} ${numbers.join()} ${printOf(state, this.subject.fixed)}`;
    const key = createHash('sha256').update(text, 'latin1').digest('latin1');
    const known = this.localNumbers.get(key);
    if (known !== undefined) return known;
    this.localNumbers.set(key, this.locals.length);
    const place = { view: this.subject.viewOf(state), place: this.subject.placeOf(state) };
    this.locals.push({ self, state, sent: numbers, value: committed, ...place });
    return this.locals.length - 1;
  }

  private message(sent: Sent): number {
    const key = `${sent.from} ${sent.to} ${Buffer.from(sent.bytes).toString('latin1')}`;
    const known = this.messageNumbers.get(key);
    if (known !== undefined) return known;
    this.messageNumbers.set(key, this.messages.length);
    this.messages.push(sent);
    return this.messages.length - 1;
  }

  /** The moves that led to a state of the group, one a line. */
  private story(origin: readonly Origin[], state: number): string[] {
    const lines: string[] = [];
    for (let at = state; at > 0; ) {
      const { parent, move } = origin[at] as Origin;
      lines.unshift(this.tell(move));
      at = parent;
    }
    return lines;
  }

  private tell({ next, taken }: Move): string {
    const { self, value } = this.locals[next] as Local<State>;
    const committed = value === undefined ? '' : ` [has committed ${value}]`;
    if (taken === 'timeout') return `replica ${self}: time is up${committed}`;
    const heard = taken.map((number) => {
      const { from, name } = this.messages[number] as Sent;
      return `${name} of ${from}`;
    });
    return `replica ${self} hears ${heard.join(', ')}${committed}`;
  }
}
