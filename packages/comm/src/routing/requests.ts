import {
  accept,
  type Clock,
  type DeviceId,
  type RequestRefusal,
  type Result,
  refuse,
  type Timer,
} from '@murmuration/core';

export type Answer = Result<Uint8Array, RequestRefusal>;

/** Requests of ours that wait for an answer. Every one ends: by the answer, a timeout, an abort or the peer's leaving. */
export interface OutstandingRequests {
  /** @returns the id to send and the answer to come, or undefined where `maxPerPeer` wait already */
  open(peer: DeviceId, timeoutMs: number, signal?: AbortSignal): { id: number; answer: Promise<Answer> } | undefined;
  /** @returns false where nothing waits for it: too late, or never asked */
  settle(peer: DeviceId, id: number, answer: Answer): boolean;
  settleAll(refusal: 'disconnected' | 'closed', peer?: DeviceId): void;
}

interface Waiting {
  readonly peer: DeviceId;
  resolve(answer: Answer): void;
  readonly timer: Timer;
  readonly stopListening: () => void;
}

const MAX_ID = 2 ** 32 - 1;

export function createOutstandingRequests(clock: Clock, maxPerPeer: number): OutstandingRequests {
  const waiting = new Map<number, Waiting>();
  const perPeer = new Map<DeviceId, number>();
  let lastId = 0;

  function open(peer: DeviceId, timeoutMs: number, signal?: AbortSignal) {
    const count = perPeer.get(peer) ?? 0;
    if (count >= maxPerPeer) return undefined;
    perPeer.set(peer, count + 1);
    lastId = lastId === MAX_ID ? 1 : lastId + 1;
    const id = lastId;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const onAbort = () => settle(peer, id, refuse('timeout', 'given up by the caller'));
    const timer = clock.setTimer(timeoutMs, () => settle(peer, id, refuse('timeout', `no answer in ${timeoutMs} ms`)));
    signal?.addEventListener('abort', onAbort, { once: true });
    const stopListening = () => signal?.removeEventListener('abort', onAbort);
    waiting.set(id, { peer, resolve, timer, stopListening });
    return { id, answer: promise };
  }

  function settle(peer: DeviceId, id: number, answer: Answer): boolean {
    const request = waiting.get(id);
    if (request === undefined || request.peer !== peer) return false;
    waiting.delete(id);
    const left = (perPeer.get(peer) ?? 1) - 1;
    if (left === 0) perPeer.delete(peer);
    else perPeer.set(peer, left);
    request.timer.cancel();
    request.stopListening();
    request.resolve(answer);
    return true;
  }

  function settleAll(refusal: 'disconnected' | 'closed', peer?: DeviceId): void {
    for (const [id, request] of waiting) {
      if (peer === undefined || request.peer === peer) settle(request.peer, id, refuse(refusal));
    }
  }

  return { open, settle, settleAll };
}

export function answered(payload: Uint8Array, refusal: string): Answer {
  if (refusal === '') return accept(payload);
  if (refusal === 'no-handler') return refuse('no-handler');
  return refuse('refused', /^[a-z0-9-]{1,64}$/.test(refusal) ? refusal : undefined);
}
