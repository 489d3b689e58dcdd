import { type Move, Moves } from './moves.ts';
import { ReplicaStates } from './replica-states.ts';
import type { Subject } from './subject.ts';

export interface SearchOptions {
  /** States of the group after which the search gives up: it then is not exhaustive. */
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

/** How a state of the group was found. */
interface Origin {
  readonly parent: number;
  readonly move: Move;
}

/**
 * Visits every state that a group can reach, by the real engines: for each replica every state that messages lead to,
 * found once and remembered; for the group every combination. See specs/consensus/search.md.
 */
export class Explorer<State extends object> {
  private readonly subject: Subject<State>;
  private readonly maxStates: number;
  private readonly states: ReplicaStates<State>;
  private readonly moves: Moves<State>;
  private readonly lies = new Map<string, readonly number[]>();

  constructor(subject: Subject<State>, { maxStates, everyQuorum = false }: SearchOptions) {
    this.subject = subject;
    this.maxStates = maxStates;
    this.states = new ReplicaStates(subject);
    this.moves = new Moves(this.states, everyQuorum);
  }

  /** Breadth first, so that a violation is found by the shortest way. */
  run(): SearchResult {
    const first = this.states.boot();
    const group: (readonly number[])[] = [first];
    const origin: Origin[] = [];
    const known = new Set([first.join()]);
    for (let at = 0; at < group.length; at++) {
      const members = group[at] as readonly number[];
      const last: Move[] = [];
      for (const [mover, move] of this.successors(members)) {
        const next = members.with(mover, move.next);
        if (this.isLastWord(members[mover], move)) last.push(move);
        else if (!known.has(next.join())) {
          known.add(next.join());
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
    const [from, to] = [this.states.at(before), this.states.at(next)];
    return to.value !== from.value && to.view === this.subject.views - 1;
  }

  private result(states: number, violation?: readonly string[], exhaustive = violation === undefined): SearchResult {
    const { size: replicaStates, steps } = this.states;
    const commits = [...this.states.commits].sort();
    const counts = { exhaustive, states, replicaStates, steps, commits };
    return violation === undefined ? counts : { ...counts, violation };
  }

  private disagree(members: readonly number[]): boolean {
    return new Set(members.flatMap((member) => this.states.at(member).value ?? [])).size > 1;
  }

  private *successors(members: readonly number[]): Iterable<readonly [number, Move]> {
    const sent = members.flatMap((member) => this.states.at(member).sent).sort((a, b) => a - b);
    const all = [...this.liesAfter(sent), ...sent];
    for (const [mover, member] of members.entries()) {
      const { self } = this.states.at(member);
      const reach = all.filter((number) => {
        const { from, to } = this.states.message(number);
        return from !== self && (to === 'all' || to === self);
      });
      for (const move of this.moves.of(member, reach)) {
        if (this.inTurn(members, mover, move)) yield [mover, move];
      }
    }
  }

  /**
   * Views are left one replica after the other once all else in them is done: what a replica does in a view does not
   * depend on who has left it, so every run has one in this order that ends alike.
   */
  private inTurn(members: readonly number[], mover: number, { next }: Move): boolean {
    const viewOf = (member: number | undefined) => this.states.at(member).view;
    const lowest = Math.min(...members.map(viewOf));
    if (viewOf(next) >= this.subject.views) return false;
    const leaves = viewOf(next) > viewOf(members[mover]);
    if (!leaves) return members.every((member) => viewOf(member) === lowest);
    return mover === members.findIndex((member) => viewOf(member) === lowest);
  }

  private liesAfter(sent: readonly number[]): readonly number[] {
    const key = sent.join();
    const known = this.lies.get(key);
    if (known !== undefined) return known;
    const said = sent.map((number) => this.states.message(number));
    const lies = this.subject.lies(said).map((lie) => this.states.messageNumber(lie));
    this.lies.set(key, lies);
    return lies;
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
    const { self, value } = this.states.at(next);
    const committed = value === undefined ? '' : ` [has committed ${value}]`;
    if (taken === 'timeout') return `replica ${self}: time is up${committed}`;
    const heard = taken.map((number) => this.states.message(number)).map(({ name, from }) => `${name} of ${from}`);
    return `replica ${self} hears ${heard.join(', ')}${committed}`;
  }
}
