/** One call of one client. A client has at most one call without an answer. */
export interface Operation<Input, Output> {
  readonly client: string;
  readonly input: Input;
  /** Null where none came: it may have taken effect at any time after the call, or never. */
  readonly answer: { readonly output: Output } | null;
  /** Positions in one order of all calls and answers. */
  readonly calledAt: number;
  /** Infinity where none came. */
  readonly answeredAt: number;
}

/** What a service does when it is called by one client at a time. */
export interface Specification<State, Input, Output> {
  readonly initial: State;
  /** @returns the state after `input` where it may give `output` (anything, where null), else undefined */
  apply(state: State, input: Input, answer: { readonly output: Output } | null): { readonly state: State } | undefined;
  /** The same for equal states, and for no others. */
  fingerprint(state: State): string;
  /** Calls of different parts never see each other: each part is checked by itself. @default one part */
  partOf?(input: Input): string;
}

export type Linearizability<Input, Output> =
  | { readonly verdict: 'linearizable' }
  /** No order explains all answers. `explained`: the longest order found; `first`: an answer that it cannot explain. */
  | {
      readonly verdict: 'violated';
      readonly part: string;
      readonly explained: readonly Operation<Input, Output>[];
      readonly first: Operation<Input, Output>;
    }
  /** The search was given up. */
  | { readonly verdict: 'undecided'; readonly part: string };

/** States that a search looks at before it is given up. */
export const MAX_SEARCH_STEPS = 5_000_000;

/** Writes down calls and answers in the order in which they happen. */
export class History<Input, Output> {
  private readonly all: { -readonly [K in keyof Operation<Input, Output>]: Operation<Input, Output>[K] }[] = [];
  private moment = 0;

  /** @returns the number of the call */
  call(client: string, input: Input): number {
    this.all.push({ client, input, answer: null, calledAt: this.moment++, answeredAt: Number.POSITIVE_INFINITY });
    return this.all.length - 1;
  }

  answer(call: number, output: Output): void {
    const operation = this.all[call];
    if (operation === undefined || operation.answer !== null) return;
    operation.answer = { output };
    operation.answeredAt = this.moment++;
  }

  get operations(): readonly Operation<Input, Output>[] {
    return this.all;
  }
}

/**
 * Whether the calls can be put in one order that keeps every answer before every later call and explains each
 * answer. Exact; exponential at worst, near linear for histories of a few clients.
 * @see Wing and Gong 1993, with the memory of Lowe 2017, as in porcupine; parts by Herlihy and Wing's locality
 */
export function checkLinearizable<State, Input, Output>(
  specification: Specification<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxSteps: number = MAX_SEARCH_STEPS,
): Linearizability<Input, Output> {
  const parts = Map.groupBy(operations, ({ input }) => specification.partOf?.(input) ?? '');
  for (const [part, ofPart] of parts) {
    const found = new Search(specification, ofPart).run(maxSteps);
    if (found !== null) return { part, ...found };
  }
  return { verdict: 'linearizable' };
}

/** A call that was answered, or its answer, in a list doubly linked by time. */
interface Moment<Input, Output> {
  readonly id: number;
  readonly operation: Operation<Input, Output>;
  /** Of a call. */
  readonly answer: Moment<Input, Output> | null;
  before: { after: Moment<Input, Output> | null } | null;
  after: Moment<Input, Output> | null;
}

/** One place in the order under trial, and what to go on with where it proves wrong. */
interface Choice<State, Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** Null for a call without an answer. */
  readonly call: Moment<Input, Output> | null;
  /** Number of the call without an answer. */
  readonly pending: number;
  /** Before it. */
  readonly state: State;
  /** The answer that nothing explained but, maybe, a call without an answer. */
  readonly blocked: Moment<Input, Output> | null;
}

type Refused<Input, Output> =
  | { verdict: 'violated'; explained: Operation<Input, Output>[]; first: Operation<Input, Output> }
  | { verdict: 'undecided' };

class Search<State, Input, Output> {
  private readonly specification: Specification<State, Input, Output>;
  /** Calls without an answer, which stay out of the list: they are tried where nothing else explains an answer. */
  private readonly pending: readonly Operation<Input, Output>[];
  private readonly head: { readonly after: Moment<Input, Output> | null };
  /** Which calls of the list have their place, and which without an answer. */
  private readonly done: Uint32Array;
  private readonly used: Uint32Array;
  /** Answers explained and state → the sets of calls without an answer that led there. */
  private readonly seen = new Map<string, Uint32Array[]>();
  private readonly stack: Choice<State, Input, Output>[] = [];
  private state: State;
  private longest: Operation<Input, Output>[] = [];
  private first: Operation<Input, Output> | null = null;

  constructor(specification: Specification<State, Input, Output>, operations: readonly Operation<Input, Output>[]) {
    this.specification = specification;
    this.state = specification.initial;
    const answered = operations.filter(({ answer }) => answer !== null);
    this.pending = operations.filter(({ answer }) => answer === null);
    this.head = linked(answered);
    this.done = new Uint32Array((answered.length + 31) >> 5);
    this.used = new Uint32Array((this.pending.length + 31) >> 5);
  }

  /** @returns null where an order was found */
  run(maxSteps: number): Refused<Input, Output> | null {
    let at = this.head.after;
    let pending = 0;
    for (let steps = 0; at !== null; steps++) {
      if (steps >= maxSteps) return { verdict: 'undecided' };
      if (at.answer !== null) {
        at = this.tryCall(at) ? this.head.after : at.after;
        continue;
      }
      const next = this.firstPending(at, pending);
      pending = 0;
      if (next !== -1) {
        at = this.head.after;
        continue;
      }
      if (this.stack.length >= this.longest.length) this.remember(at.operation);
      const wrong = this.stack.pop();
      if (wrong === undefined)
        return { verdict: 'violated', explained: this.longest, first: this.first ?? at.operation };
      this.undo(wrong);
      at = wrong.call === null ? wrong.blocked : wrong.call.after;
      pending = wrong.pending + 1;
    }
    return null;
  }

  /** Puts an answered call next in the order, unless it cannot come there or that has been tried. */
  private tryCall(call: Moment<Input, Output>): boolean {
    const { operation, answer, id } = call;
    const next = this.specification.apply(this.state, operation.input, operation.answer);
    if (next === undefined) return false;
    flip(this.done, id);
    if (this.wasHere(next.state)) {
      flip(this.done, id);
      return false;
    }
    this.stack.push({ operation, call, pending: -1, state: this.state, blocked: null });
    unlink(call);
    if (answer !== null) unlink(answer);
    this.state = next.state;
    return true;
  }

  /** Puts a call without an answer next, where it changes what the call `blocked` sees. @returns which, or −1 */
  private firstPending(blocked: Moment<Input, Output>, from: number): number {
    for (let i = from; i < this.pending.length; i++) {
      const operation = this.pending[i] as Operation<Input, Output>;
      if (operation.calledAt > blocked.operation.answeredAt || isSet(this.used, i)) continue;
      const next = this.specification.apply(this.state, operation.input, null);
      if (next === undefined || this.idle(operation, next.state)) continue;
      flip(this.used, i);
      if (this.wasHere(next.state)) {
        flip(this.used, i);
        continue;
      }
      this.stack.push({ operation, call: null, pending: i, state: this.state, blocked });
      this.state = next.state;
      return i;
    }
    return -1;
  }

  /** Whether it changes nothing, or the call without an answer just before it would have been for nothing. */
  private idle({ input }: Operation<Input, Output>, next: State): boolean {
    const { specification } = this;
    const reached = specification.fingerprint(next);
    if (reached === specification.fingerprint(this.state)) return true;
    const last = this.stack.at(-1);
    if (last === undefined || last.call !== null) return false;
    const without = specification.apply(last.state, input, null);
    return without !== undefined && specification.fingerprint(without.state) === reached;
  }

  /** Whether the same was reached before with no more of the calls without an answer; notes it where not. */
  private wasHere(state: State): boolean {
    const key = `${setKey(this.done)} ${this.specification.fingerprint(state)}`;
    const known = this.seen.get(key);
    if (known === undefined) this.seen.set(key, [this.used.slice()]);
    else if (known.some((fewer) => within(fewer, this.used))) return true;
    else known.push(this.used.slice());
    return false;
  }

  private undo({ call, pending, state }: Choice<State, Input, Output>): void {
    this.state = state;
    if (call === null) {
      flip(this.used, pending);
      return;
    }
    flip(this.done, call.id);
    if (call.answer !== null) relink(call.answer);
    relink(call);
  }

  private remember(unexplained: Operation<Input, Output>): void {
    this.longest = this.stack.map(({ operation }) => operation);
    this.first = unexplained;
  }
}

function isSet(set: Uint32Array, id: number): boolean {
  return (((set[id >> 5] as number) >>> (id & 31)) & 1) === 1;
}

function flip(set: Uint32Array, id: number): void {
  set[id >> 5] = (set[id >> 5] as number) ^ (1 << (id & 31));
}

function within(fewer: Uint32Array, more: Uint32Array): boolean {
  return fewer.every((word, i) => (word & ~(more[i] as number)) === 0);
}

/** Few words of a set in order of time differ from all or nothing, so this is short. */
function setKey(set: Uint32Array): string {
  let low = 0;
  while (set[low] === 0xffffffff) low += 1;
  let high = set.length;
  while (high > low && set[high - 1] === 0) high -= 1;
  return `${low} ${set.subarray(low, high).join(' ')}`;
}

/** @returns what comes before the first of them */
function linked<Input, Output>(
  operations: readonly Operation<Input, Output>[],
): { readonly after: Moment<Input, Output> | null } {
  const moments: { readonly at: number; readonly moment: Moment<Input, Output> }[] = [];
  for (const [id, operation] of operations.entries()) {
    const answer = { id, operation, answer: null, before: null, after: null };
    moments.push({ at: operation.calledAt, moment: { ...answer, answer } });
    moments.push({ at: operation.answeredAt, moment: answer });
  }
  // Of one moment, calls come first: they may overlap.
  moments.sort((a, b) => a.at - b.at || Number(a.moment.answer === null) - Number(b.moment.answer === null));
  const head: { after: Moment<Input, Output> | null } = { after: null };
  let last = head;
  for (const { moment } of moments) {
    last.after = moment;
    moment.before = last;
    last = moment;
  }
  return head;
}

function unlink<Input, Output>({ before, after }: Moment<Input, Output>): void {
  if (before !== null) before.after = after;
  if (after !== null) after.before = before;
}

/** Undoes `unlink`, in the reverse order. */
function relink<Input, Output>(moment: Moment<Input, Output>): void {
  if (moment.before !== null) moment.before.after = moment;
  if (moment.after !== null) moment.after.before = moment;
}
