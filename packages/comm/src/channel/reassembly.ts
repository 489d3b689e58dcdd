import { accept, type Result, refuse } from '@murmuration/core';
import { FRAGMENT_BYTES } from './frame.ts';

export type ReassemblyReason = 'message-too-large' | 'bad-fragment' | 'too-many-fragments';

export interface ReassemblyLimits {
  /** One message. */
  readonly maxMessageBytes: number;
  /** All unfinished messages of the peer together. */
  readonly maxUnfinishedBytes: number;
}

/**
 * Joins the fragments of messages that are under way at once. Every fragment but a last one has exactly
 * FRAGMENT_BYTES, so the number of pieces is bounded by the bytes.
 */
export interface Reassembly {
  /** No message is unfinished, so a fragment without `more` is a whole message. */
  readonly idle: boolean;
  /** @param key what the fragments of one message share. @returns the whole message, or undefined while it is not whole */
  add(key: string, fragment: Uint8Array, more: boolean): Result<Uint8Array | undefined, ReassemblyReason>;
}

export function createReassembly(limits: ReassemblyLimits): Reassembly {
  const unfinished = new Map<string, Uint8Array[]>();
  let unfinishedBytes = 0;

  function take(key: string, fragment: Uint8Array, more: boolean): Result<Uint8Array | undefined, ReassemblyReason> {
    const parts = unfinished.get(key) ?? [];
    const size = parts.length * FRAGMENT_BYTES + fragment.length;
    if (size > limits.maxMessageBytes) {
      return refuse('message-too-large', `${size} bytes so far, at most ${limits.maxMessageBytes}`);
    }
    if (more) {
      if (fragment.length !== FRAGMENT_BYTES) return refuse('bad-fragment', `${fragment.length} bytes`);
      unfinishedBytes += fragment.length;
      if (unfinishedBytes > limits.maxUnfinishedBytes) {
        return refuse('too-many-fragments', `${unfinishedBytes} bytes of unfinished messages`);
      }
      parts.push(fragment.slice());
      unfinished.set(key, parts);
      return accept(undefined);
    }
    unfinished.delete(key);
    unfinishedBytes -= parts.length * FRAGMENT_BYTES;
    return accept(join(parts, fragment, size));
  }

  return {
    get idle() {
      return unfinished.size === 0;
    },
    add: take,
  };
}

function join(parts: readonly Uint8Array[], last: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  whole.set(last, at);
  return whole;
}
