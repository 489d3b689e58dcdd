import {
  checkInteger,
  decode,
  encode,
  type Infer,
  MurmurError,
  refuseUnknownKeys,
  struct,
  uint,
  union,
  unreachable,
} from '@murmuration/core';
import type { EngineEffect, EngineRecord } from '../engine.ts';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';

/** Who had better lead: the highest live number that was heard of. Good for `transfer`, never for safety. */
export interface LeaderHint {
  readonly leader: number;
  /** A hint of an older term than one already seen is worth nothing: see `isCurrentHint`. */
  readonly term: number;
}

export type BullyEvent =
  | { readonly kind: 'start'; readonly records: readonly EngineRecord[] }
  | { readonly kind: 'message'; readonly from: number; readonly bytes: Uint8Array }
  | { readonly kind: 'timer'; readonly id: string }
  /** The consensus below has reached this term: hints of older ones are void. */
  | { readonly kind: 'term'; readonly term: number };

export type BullyEffect =
  | Extract<EngineEffect, { kind: 'send' | 'persist' | 'setTimer' | 'cancelTimer' | 'refused' }>
  | { readonly kind: 'hint'; readonly hint: LeaderHint };

export interface BullyOptions {
  /** How often the coordinator says that it is alive, in milliseconds. @default 200 */
  readonly heartbeatMs?: number;
  /** How long an answer may take, in milliseconds; silence for three times that starts an election. @default 500 */
  readonly answerMs?: number;
}

export interface Bully {
  step(event: BullyEvent): readonly BullyEffect[];
  readonly hint: LeaderHint | null;
}

const messageSchema = union({
  1: ['election', struct({ term: uint })],
  2: ['answer', struct({ term: uint })],
  3: ['coordinator', struct({ term: uint })],
});

type Message = Infer<typeof messageSchema>;

const termSchema = struct({ term: uint });
const TERM_KEY = 'bully';
/** One clock for each of: the coordinator's next sign of life, an answer, the coordinator's silence. */
const BEAT = 'bully-beat';
const WAIT = 'bully-wait';
const SILENCES = 3;
const MAX_MESSAGE_BYTES = 64;
/** A single message may not take the terms so far that they run out: a fault, or a lie. */
const MAX_TERM_STEP = 2 ** 32;

/**
 * The bully algorithm (Garcia-Molina 1982), as a hint. Under partitions or delay several may think they lead; whoever
 * acts on a hint does so through a consensus that fences by its own term, such as Raft's `transfer`.
 * @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE
 */
export function createBully(deps: { readonly size: number; readonly self: number }, options: BullyOptions = {}): Bully {
  refuseUnknownKeys(options, ['heartbeatMs', 'answerMs'], 'bully');
  const { heartbeatMs = 200, answerMs = 500 } = options;
  checkInteger('size of an election', deps.size, 1, MAX_REPLICAS);
  checkInteger('number of the own replica', deps.self, 0, deps.size - 1);
  checkInteger('heartbeatMs', heartbeatMs, 1, 3_600_000);
  checkInteger('answerMs', answerMs, 1, 3_600_000);
  const election = new Election(deps.size, deps.self, heartbeatMs, answerMs);
  return {
    step: (event) => election.step(event),
    get hint() {
      return election.hint;
    },
  };
}

/** Whether a hint may still be acted upon where consensus has reached `term`. */
export function isCurrentHint(hint: LeaderHint | null, term: number): hint is LeaderHint {
  return hint !== null && hint.term >= term;
}

class Election {
  hint: LeaderHint | null = null;
  private readonly size: number;
  private readonly self: number;
  private readonly heartbeatMs: number;
  private readonly answerMs: number;
  private started = false;
  private term = 0;
  /** `waiting`: asked those above and not answered yet; `yielding`: one of them lives. */
  private phase: 'following' | 'waiting' | 'yielding' | 'leading' = 'following';
  private effects: BullyEffect[] = [];

  constructor(size: number, self: number, heartbeatMs: number, answerMs: number) {
    this.size = size;
    this.self = self;
    this.heartbeatMs = heartbeatMs;
    this.answerMs = answerMs;
  }

  step(event: BullyEvent): readonly BullyEffect[] {
    this.effects = [];
    if (this.started === (event.kind === 'start')) throw wrongStart(event.kind);
    switch (event.kind) {
      case 'start':
        this.start(event.records);
        break;
      case 'message': {
        const reason = this.receive(event.from, event.bytes);
        if (reason !== undefined) this.effects.push({ kind: 'refused', from: event.from, reason });
        break;
      }
      case 'timer':
        this.timeOut(event.id);
        break;
      case 'term':
        if (event.term > this.term) this.enter(event.term, 'following');
        break;
      default:
        unreachable(event);
    }
    return this.effects;
  }

  private start(records: readonly EngineRecord[]): void {
    const record = records.find(({ key }) => key === TERM_KEY);
    if (record !== undefined) {
      const decoded = decode(termSchema, record.value);
      // A hint lost is no harm: the term is found again from the others or from consensus.
      if (decoded.ok) this.term = decoded.value.term;
    }
    this.started = true;
    this.elect();
  }

  private receive(from: number, bytes: Uint8Array): string | undefined {
    if (!Number.isInteger(from) || from < 0 || from >= this.size || from === this.self) return 'unknown-sender';
    const decoded = decode(messageSchema, bytes, { maxBytes: MAX_MESSAGE_BYTES });
    if (!decoded.ok) return decoded.reason;
    return this.handle(from, decoded.value);
  }

  private handle(from: number, message: Message): string | undefined {
    if (message.term > this.term + MAX_TERM_STEP) return 'implausible-term';
    switch (message.kind) {
      case 'election':
        if (from > this.self) return 'not-below';
        this.raise(message.term);
        this.send(from, 'answer');
        if (this.phase === 'following') this.elect();
        else if (this.phase === 'leading') this.announce();
        return undefined;
      case 'answer':
        if (from < this.self) return 'not-above';
        this.raise(message.term);
        if (this.phase !== 'waiting') return 'not-asked';
        this.phase = 'yielding';
        this.setTimer(WAIT, SILENCES * this.answerMs);
        return undefined;
      case 'coordinator':
        return this.onCoordinator(from, message.term);
      default:
        return unreachable(message);
    }
  }

  private onCoordinator(from: number, term: number): string | undefined {
    if (term < this.term) return 'stale-term';
    if (from < this.self) {
      // It does not know that a higher one lives.
      this.raise(term);
      if (this.phase === 'following' || this.phase === 'leading') this.elect();
      return 'outranked';
    }
    this.enter(term, 'following');
    this.believe(from);
    return undefined;
  }

  private timeOut(id: string): void {
    if (id === BEAT && this.phase === 'leading') this.announce();
    if (id !== WAIT) return;
    if (this.phase === 'waiting') this.win();
    else if (this.phase !== 'leading') this.elect();
  }

  private elect(): void {
    this.phase = 'waiting';
    for (let above = this.self + 1; above < this.size; above++) this.send(above, 'election');
    if (this.self === this.size - 1) this.win();
    else this.setTimer(WAIT, this.answerMs);
  }

  /** Nobody above answered. */
  private win(): void {
    this.enter(this.term + 1, 'leading');
    this.announce();
  }

  private announce(): void {
    this.believe(this.self);
    for (let other = 0; other < this.size; other++) if (other !== this.self) this.send(other, 'coordinator');
    this.setTimer(BEAT, this.heartbeatMs);
  }

  private believe(leader: number): void {
    const same = this.hint?.leader === leader && this.hint.term === this.term;
    if (leader !== this.self) this.setTimer(WAIT, SILENCES * this.answerMs);
    if (same) return;
    this.hint = { leader, term: this.term };
    this.effects.push({ kind: 'hint', hint: this.hint });
  }

  private enter(term: number, phase: 'following' | 'leading'): void {
    if (this.phase === 'leading' && phase !== 'leading') this.effects.push({ kind: 'cancelTimer', id: BEAT });
    this.raise(term);
    this.phase = phase;
    if (phase === 'leading') this.effects.push({ kind: 'cancelTimer', id: WAIT });
    else this.setTimer(WAIT, SILENCES * this.answerMs);
  }

  /** Terms only grow, also across restarts. A hint of an older one is gone. */
  private raise(term: number): void {
    if (term <= this.term) return;
    this.term = term;
    this.hint = null;
    this.effects.push({ kind: 'persist', key: TERM_KEY, value: encode(termSchema, { term }) });
  }

  private send(to: number, kind: Message['kind']): void {
    this.effects.push({ kind: 'send', to, bytes: encode(messageSchema, { kind, term: this.term }) });
  }

  private setTimer(id: string, delayMs: number): void {
    this.effects.push({ kind: 'setTimer', id, delayMs });
  }
}

function wrongStart(kind: string): MurmurError {
  const twice = kind === 'start';
  return new MurmurError({
    code: twice ? 'CONSENSUS_STARTED_TWICE' : 'CONSENSUS_NOT_STARTED',
    message: twice ? 'the election was started a second time' : `the election got a ${kind} before its start`,
    remedy: twice ? 'create a new one for every boot' : 'step a start event with all persisted records first',
  });
}
