import { createHash } from 'node:crypto';
import type { EngineEffect } from '../../src/index.ts';
import { copyOf, printOf } from './snapshot.ts';
import type { Sent, Subject } from './subject.ts';

/** One replica after some events, with all it has sent. Two ways to the same one are one. */
export interface ReplicaState<State> {
  readonly self: number;
  readonly state: State;
  /** Numbers of messages, ascending. */
  readonly sent: readonly number[];
  /** What it has committed. */
  readonly value: string | undefined;
  readonly view: number;
  readonly place: string;
}

/** Where a message leads to, and whether it makes the replica speak, commit or enter a view. */
export interface Outcome {
  readonly next: number;
  readonly loud: boolean;
}

/** Every state of a replica and every message found so far, by number; each step of an engine is taken once. */
export class ReplicaStates<State extends object> {
  /** What was committed somewhere, such as `A by view 0`. */
  readonly commits = new Set<string>();
  /** Steps of real engines. */
  steps = 0;
  private readonly subject: Subject<State>;
  private readonly messages: Sent[] = [];
  private readonly messageNumbers = new Map<string, number>();
  private readonly states: ReplicaState<State>[] = [];
  private readonly stateNumbers = new Map<string, number>();
  private readonly delivered = new Map<number, Map<number, Outcome>>();
  private readonly timedOut = new Map<number, number | undefined>();

  constructor(subject: Subject<State>) {
    this.subject = subject;
  }

  get size(): number {
    return this.states.length;
  }

  at(number: number | undefined): ReplicaState<State> {
    return this.states[number as number] as ReplicaState<State>;
  }

  message(number: number): Sent {
    return this.messages[number] as Sent;
  }

  /** @returns the numbers of the correct replicas' first states */
  boot(): readonly number[] {
    return this.subject.boot().map(({ self, state, effects }) => this.numberOf(self, state, [], undefined, effects));
  }

  deliver(from: number, message: number): Outcome {
    const row = this.delivered.get(from) ?? new Map<number, Outcome>();
    this.delivered.set(from, row);
    const known = row.get(message);
    if (known !== undefined) return known;
    const next = this.step(from, (self, state) => this.subject.deliver(self, state, this.message(message))) as number;
    const [before, after] = [this.at(from), this.at(next)];
    const said = before.sent.length !== after.sent.length || before.value !== after.value;
    const outcome = { next, loud: said || before.place !== after.place };
    row.set(message, outcome);
    return outcome;
  }

  /** @returns undefined in the last view of the bound */
  timeOut(from: number): number | undefined {
    if (!this.timedOut.has(from)) {
      const next = this.step(from, (self, state) => this.subject.timeOut(self, state));
      this.timedOut.set(from, next);
    }
    return this.timedOut.get(from);
  }

  private step(
    from: number,
    take: (self: number, state: State) => readonly EngineEffect[] | undefined,
  ): number | undefined {
    const { self, state, sent, value } = this.at(from);
    const twin = copyOf(state, this.subject.fixed);
    const effects = take(self, twin);
    if (effects === undefined) return undefined;
    this.steps += 1;
    return this.numberOf(self, twin, sent, value, effects);
  }

  /** @returns the number of this state, which `effects` have just led to */
  private numberOf(
    self: number,
    state: State,
    before: readonly number[],
    value: string | undefined,
    effects: readonly EngineEffect[],
  ): number {
    const all = new Set(before);
    let committed = value;
    for (const effect of effects) {
      if (effect.kind === 'commit' && effect.commit.height === 1) {
        const read = this.subject.readCommit(effect.commit.payload, effect.commit.certificate);
        committed = read.value;
        this.commits.add(read.name);
      }
      if (effect.kind !== 'send') continue;
      const read = this.subject.read(self, effect.bytes);
      if (read !== undefined) all.add(this.messageNumber({ from: self, to: effect.to, bytes: effect.bytes, ...read }));
    }
    const sent = [...all].sort((a, b) => a - b);
    const text = `${self} ${committed} ${sent.join()} ${printOf(state, this.subject.fixed)}`;
    const key = createHash('sha256').update(text, 'latin1').digest('latin1');
    const known = this.stateNumbers.get(key);
    if (known !== undefined) return known;
    this.stateNumbers.set(key, this.states.length);
    const place = { view: this.subject.viewOf(state), place: this.subject.placeOf(state) };
    this.states.push({ self, state, sent, value: committed, ...place });
    return this.states.length - 1;
  }

  messageNumber(sent: Sent): number {
    const key = `${sent.from} ${sent.to} ${Buffer.from(sent.bytes).toString('latin1')}`;
    const known = this.messageNumbers.get(key);
    if (known !== undefined) return known;
    this.messageNumbers.set(key, this.messages.length);
    this.messages.push(sent);
    return this.messages.length - 1;
  }
}
