import { describe, expect, test } from 'vitest';
import { encodeBatch, requestsIn } from '../../src/index.ts';
import { encodeMessage } from '../../src/pbft/messages.ts';

const digest = new Uint8Array(32);
const signature = new Uint8Array(64);
const requests = [Uint8Array.of(1), Uint8Array.of(2, 3)];
const place = { epoch: 0, view: 0, height: 1, digest, signature };

describe('the requests in a message', () => {
  test('are those of a proposal, and those that a replica passes on', () => {
    const payload = encodeBatch({ timeMs: 5, requests });
    expect(requestsIn(encodeMessage({ kind: 'pre-prepare', ...place, payload }))).toEqual(requests);
    expect(requestsIn(encodeMessage({ kind: 'requests', stamp: 1, again: false, requests }))).toEqual(requests);
  });

  test('are none in votes, in a proposal without a batch, and in bytes that are no message', () => {
    expect(requestsIn(encodeMessage({ kind: 'prepare', ...place }))).toEqual([]);
    expect(requestsIn(encodeMessage({ kind: 'pre-prepare', ...place, payload: Uint8Array.of(9) }))).toEqual([]);
    for (const wire of [new Uint8Array(0), Uint8Array.of(255), new Uint8Array(300)])
      expect(requestsIn(wire)).toEqual([]);
  });
});
