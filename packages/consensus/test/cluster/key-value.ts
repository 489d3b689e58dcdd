import { utf8 } from '@murmuration/core';
import type { KeyValueInput, KeyValueOutput } from '@murmuration/simulator';

/** A call as it is ordered: each client numbers its own, so that one that is ordered twice takes effect once. */
export interface KeyValueRequest {
  readonly client: string;
  readonly sequence: number;
  readonly input: KeyValueInput;
}

export interface KeyValueReply {
  readonly client: string;
  readonly sequence: number;
  readonly output: KeyValueOutput;
}

export function encodeJson(value: KeyValueRequest | KeyValueReply): Uint8Array {
  return utf8(JSON.stringify(value));
}

/** @returns undefined where it is something else that was ordered: evidence */
export function readRequest(bytes: Uint8Array): KeyValueRequest | undefined {
  return bytes[0] === OPENING_BRACE ? (JSON.parse(new TextDecoder().decode(bytes)) as KeyValueRequest) : undefined;
}

const OPENING_BRACE = 0x7b;

export function readReply(bytes: Uint8Array): KeyValueReply {
  return JSON.parse(new TextDecoder().decode(bytes)) as KeyValueReply;
}

/** The state machine that a replica runs: values by key, and the last answer of each client. */
export class KeyValueMachine {
  private values = new Map<string, string>();
  private answers = new Map<string, KeyValueReply>();

  /** Takes the next request in the order that all agreed on. */
  apply(bytes: Uint8Array): KeyValueReply | undefined {
    const request = readRequest(bytes);
    if (request === undefined) return undefined;
    const { client, sequence, input } = request;
    const last = this.answers.get(client);
    if (last !== undefined && last.sequence >= sequence) return last;
    const reply = { client, sequence, output: this.perform(input) };
    this.answers.set(client, reply);
    return reply;
  }

  private perform(input: KeyValueInput): KeyValueOutput {
    const now = this.look(input.key);
    if (input.kind === 'read') return now;
    if (input.kind === 'swap' && now !== input.expected) return false;
    this.values.set(input.key, input.value);
    return true;
  }

  /** What this replica holds, however old. */
  look(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  /** The answer to the newest call of a client that was applied. */
  answerTo(client: string): KeyValueReply | undefined {
    return this.answers.get(client);
  }

  snapshot(): string {
    return JSON.stringify([[...this.values], [...this.answers]]);
  }

  restore(snapshot: string): void {
    const [values, answers] = JSON.parse(snapshot) as [[string, string][], [string, KeyValueReply][]];
    this.values = new Map(values);
    this.answers = new Map(answers);
  }
}
