import type { ReplicaStates } from './replica-states.ts';

/** One move of a replica: it takes in some messages, of which the last makes it speak; or its time is up. */
export interface Move {
  readonly next: number;
  readonly taken: readonly number[] | 'timeout';
}

/** The most messages that one move takes in: what a quorum lacks, the own word not counted. */
const MAX_BURST = 3;

/** What a replica can do next, where some messages can reach it. */
export class Moves<State extends object> {
  private readonly states: ReplicaStates<State>;
  private readonly everyQuorum: boolean;
  private readonly known = new Map<string, readonly Move[]>();

  constructor(states: ReplicaStates<State>, everyQuorum: boolean) {
    this.states = states;
    this.everyQuorum = everyQuorum;
  }

  of(start: number, reach: readonly number[]): readonly Move[] {
    const fresh = reach.filter((message) => this.states.deliver(start, message).next !== start);
    const key = `${start} ${fresh.join()}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const all: Move[] = [];
    this.extend(start, start, [], fresh, all);
    const moves = [...this.distinct(start, all)];
    const expired = this.states.timeOut(start);
    if (expired !== undefined) moves.push({ next: expired, taken: 'timeout' });
    this.known.set(key, moves);
    return moves;
  }

  /** Every few messages whose last makes the replica speak, and none of which it could do without. */
  private extend(start: number, at: number, taken: readonly number[], fresh: readonly number[], moves: Move[]): void {
    for (const message of fresh) {
      if (taken.includes(message) || !this.together(taken, message)) continue;
      const { next, loud } = this.states.deliver(at, message);
      if (next === at) continue;
      const longer = [...taken, message];
      if (loud) {
        if (this.isLean(start, longer)) moves.push({ next, taken: longer });
      } else if (longer.length < MAX_BURST && ascends(longer)) this.extend(start, next, longer, fresh, moves);
    }
  }

  /** The votes of one move are of one ballot. */
  private together(taken: readonly number[], message: number): boolean {
    const ballots = [...taken, message].flatMap((one) => this.states.message(one).ballot ?? []);
    return new Set(ballots).size <= 1;
  }

  /** Whether each of the messages is needed for the last one to make the replica speak. */
  private isLean(start: number, taken: readonly number[]): boolean {
    return taken.slice(0, -1).every((_, left) => {
      let at = start;
      for (const [i, message] of taken.entries()) {
        if (i === left) continue;
        const { next, loud } = this.states.deliver(at, message);
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
    const before = new Set(this.states.at(start).sent);
    for (const move of moves) {
      const { sent, value, place } = this.states.at(move.next);
      const heard = move.taken === 'timeout' ? [] : move.taken.map((message) => this.states.message(message));
      const said = sent.filter((message) => !before.has(message)).map((message) => this.states.message(message).name);
      const key = [...new Set(heard.map(({ ballot, name }) => ballot ?? name)), '/', ...said, value, place].join();
      if (!firsts.has(key)) firsts.set(key, move);
    }
    return [...firsts.values()];
  }
}

/** What a replica hears without a word comes in one order: votes before the last one are only kept. */
function ascends(taken: readonly number[]): boolean {
  return taken.length < 2 || (taken.at(-2) as number) < (taken.at(-1) as number);
}
