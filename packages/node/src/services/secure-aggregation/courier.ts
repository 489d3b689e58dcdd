import {
  accept,
  bytes,
  bytesUpTo,
  type Clock,
  type DeviceId,
  decode,
  encode,
  fromUtf8,
  integer,
  type MessagePort,
  type Metrics,
  oneOf,
  type Result,
  refuse,
  struct,
  toHex,
  uint,
  utf8,
} from '@murmuration/core';
import { pause } from './pause.ts';

/** A chunk and its envelope stay far below the frame cap of comm. */
const CHUNK_BYTES = 256 * 1024;
const MAX_ANSWER_BYTES = 1024;
/** Letters of one plan in one direction. */
const MAX_NUMBER = 15;
const MAX_BACKOFF = 8;

/** @internal */
export const partSchema = struct({
  plan: bytes(32),
  number: integer(0, MAX_NUMBER),
  total: uint,
  offset: uint,
  bytes: bytesUpTo(CHUNK_BYTES),
});
/** `at`: how much of the letter has come; the sender goes on from there. */
const answerSchema = struct({
  status: oneOf('more', 'done', 'busy', 'refused'),
  at: uint,
  bytes: bytesUpTo(MAX_ANSWER_BYTES),
});

type Status = 'more' | 'done' | 'busy' | 'refused';

export interface Letter {
  readonly from: DeviceId;
  /** Digest of the plan that it belongs to. */
  readonly plan: Uint8Array;
  /** Letters of one sender and plan go up. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

export interface Inbox {
  /** Before a byte is kept. `busy` has the sender try again later; any other reason turns the letter away. */
  admit(from: DeviceId, plan: Uint8Array, number: number, totalBytes: number): Result<void>;
  /** Once for each letter. @returns what is answered, at most 1 KB; `busy` has it brought again */
  take(letter: Letter): Result<Uint8Array> | Promise<Result<Uint8Array>>;
}

export interface CourierDeps {
  readonly port: MessagePort;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export interface CourierOptions {
  /** A part that is not answered this long is sent again, in milliseconds. @default 5000 */
  readonly requestTimeoutMs?: number;
  /** First wait before a part is sent again; doubles up to eightfold. @default 200 */
  readonly retryMs?: number;
  /** Letters under way to this device, in bytes; more are `busy`. @default 256 MiB — 640 vectors of 100,000 numbers */
  readonly maxOpenBytes?: number;
}

/** A letter on its way in, and the answer to the one before. */
interface Desk {
  done: number;
  answer: Uint8Array;
  /** Number of the letter that is handled now. */
  handling: number | null;
  open: { readonly number: number; readonly whole: Uint8Array; got: number } | null;
}

const DEFAULTS = { requestTimeoutMs: 5000, retryMs: 200, maxOpenBytes: 256 * 1024 * 1024 };
const NOTHING = new Uint8Array(0);

/**
 * Brings letters of any size over a port that loses messages: in parts of 256 KiB, each sent again until it is
 * answered. Each letter is handled once, whatever is repeated; what comes late is counted and refused.
 */
export class Courier {
  private readonly deps: CourierDeps;
  private readonly topic: string;
  private readonly options: Required<CourierOptions>;
  private readonly desks = new Map<string, Desk>();
  private openBytes = 0;

  /** @param inbox left out where this end only sends */
  constructor(deps: CourierDeps, topic: string, inbox?: Inbox, options: CourierOptions = {}) {
    this.deps = deps;
    this.topic = topic;
    this.options = { ...DEFAULTS, ...options };
    if (inbox !== undefined) deps.port.onRequest(topic, (from, request) => this.receive(inbox, from, request));
  }

  /**
   * Sends until the letter is answered or `signal` aborts.
   * @returns the answer; the receiver's reason where it was turned away, `cancelled`, or `too-large`
   */
  async send(
    to: DeviceId,
    plan: Uint8Array,
    number: number,
    letter: Uint8Array,
    signal: AbortSignal,
  ): Promise<Result<Uint8Array>> {
    const { requestTimeoutMs: timeoutMs, retryMs } = this.options;
    let offset = 0;
    for (let tries = 1; !signal.aborted; ) {
      const part = letter.subarray(offset, offset + CHUNK_BYTES);
      const request = encode(partSchema, { plan, number, total: letter.length, offset, bytes: part });
      const reply = await this.deps.port.request(to, this.topic, request, { timeoutMs, signal });
      const answer = reply.ok ? decode(answerSchema, reply.value) : reply;
      if (!answer.ok && (answer.reason === 'too-large' || answer.reason === 'closed')) return answer;
      if (answer.ok && answer.value.status === 'done') return accept(answer.value.bytes);
      if (answer.ok && answer.value.status === 'refused') return refuse(reasonOf(answer.value.bytes));
      if (answer.ok && answer.value.status === 'more' && answer.value.at > offset && answer.value.at <= letter.length) {
        offset = answer.value.at;
        tries = 1;
        continue;
      }
      if (answer.ok && answer.value.status === 'more') offset = Math.min(answer.value.at, letter.length);
      this.deps.metrics.count('secagg_sent_again', { topic: this.topic });
      await pause(this.deps.clock, retryMs * Math.min(MAX_BACKOFF, tries), signal);
      tries *= 2;
    }
    return refuse('cancelled');
  }

  /** The plan is over: what had come of it is dropped. */
  forget(plan: Uint8Array): void {
    const suffix = `/${toHex(plan)}`;
    for (const [key, desk] of this.desks) {
      if (!key.endsWith(suffix)) continue;
      this.openBytes -= desk.open?.whole.length ?? 0;
      this.desks.delete(key);
    }
  }

  private async receive(inbox: Inbox, from: DeviceId, request: Uint8Array): Promise<Result<Uint8Array>> {
    const part = decode(partSchema, request, { maxBytes: CHUNK_BYTES + 1024 });
    if (!part.ok) return this.refused(part.reason);
    const { plan, number, total, offset, bytes: piece } = part.value;
    const key = `${from}/${toHex(plan)}`;
    const desk = this.desks.get(key) ?? { done: -1, answer: NOTHING, handling: null, open: null };
    if (number === desk.done) {
      this.count('duplicate');
      return accept(desk.answer);
    }
    if (number < desk.done) return this.refused('late');
    if (desk.handling !== null) return answered('busy', 0);
    if (desk.open?.number !== number) {
      const opened = this.open(inbox, desk, from, part.value);
      if (!opened.ok) return opened.reason === 'busy' ? answered('busy', 0) : this.refused(opened.reason);
      this.desks.set(key, desk);
    }
    const { open } = desk;
    if (open === null || open.whole.length !== total || (piece.length === 0 && total > 0)) {
      return this.refused('malformed');
    }
    if (offset !== open.got || offset + piece.length > total) {
      this.count('duplicate-part');
      return answered('more', open.got);
    }
    open.whole.set(piece, offset);
    open.got += piece.length;
    if (open.got < total) return answered('more', open.got);
    return this.handle(inbox, desk, { from, plan, number, bytes: open.whole });
  }

  private open(
    inbox: Inbox,
    desk: Desk,
    from: DeviceId,
    { plan, number, total }: { plan: Uint8Array; number: number; total: number },
  ): Result<void> {
    const admitted = inbox.admit(from, plan, number, total);
    if (!admitted.ok) return admitted;
    this.close(desk);
    if (this.openBytes + total > this.options.maxOpenBytes) {
      this.count('no-room');
      return refuse('busy');
    }
    desk.open = { number, whole: new Uint8Array(total), got: 0 };
    this.openBytes += total;
    return accept(undefined);
  }

  private async handle(inbox: Inbox, desk: Desk, letter: Letter): Promise<Result<Uint8Array>> {
    desk.handling = letter.number;
    try {
      const taken = await inbox.take(letter);
      if (!taken.ok && taken.reason === 'busy') return answered('busy', 0);
      if (!taken.ok) this.count(taken.reason);
      desk.done = letter.number;
      desk.answer = encodeAnswer(taken.ok ? 'done' : 'refused', 0, taken.ok ? taken.value : utf8(taken.reason));
      return accept(desk.answer);
    } finally {
      desk.handling = null;
      this.close(desk);
    }
  }

  private close(desk: Desk): void {
    this.openBytes -= desk.open?.whole.length ?? 0;
    desk.open = null;
  }

  private refused(reason: string): Result<Uint8Array> {
    this.count(reason);
    return answered('refused', 0, utf8(reason));
  }

  private count(reason: string): void {
    this.deps.metrics.count('secagg_refused', { topic: this.topic, reason });
  }
}

/** A peer's reason, as a label; one that is none is `refused`. */
function reasonOf(bytes: Uint8Array): string {
  const reason = fromUtf8(bytes) ?? '';
  return /^[a-z][a-z0-9-]{0,63}$/.test(reason) ? reason : 'refused';
}

function answered(status: Status, at: number, bytes: Uint8Array = NOTHING): Result<Uint8Array> {
  return accept(encodeAnswer(status, at, bytes));
}

function encodeAnswer(status: Status, at: number, bytes: Uint8Array): Uint8Array {
  return encode(answerSchema, { status, at, bytes });
}
