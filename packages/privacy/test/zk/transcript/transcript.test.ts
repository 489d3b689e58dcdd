import { toHex, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { Transcript } from '../../../src/zk/transcript/transcript.ts';

/** The challenge after these messages. */
function after(...messages: readonly (readonly [string, string])[]): bigint {
  const transcript = new Transcript('test');
  for (const [label, message] of messages) transcript.absorb(label, utf8(message));
  return transcript.challenge('c');
}

test('the same words give the same challenge', () => {
  expect(after(['a', 'x'], ['b', 'y'])).toBe(after(['a', 'x'], ['b', 'y']));
});

test('order, labels, contents and where one message ends and the next begins all change the challenge', () => {
  const challenges = [
    after(['a', 'x'], ['b', 'y']),
    after(['b', 'y'], ['a', 'x']),
    after(['a', 'xb'], ['', 'y']),
    after(['ax', ''], ['b', 'y']),
    after(['a', 'xby']),
    after(['a', ''], ['b', 'y']),
    after(),
  ];
  expect(new Set(challenges).size).toBe(challenges.length);
});

test('protocols, labels of challenges and successive challenges are apart', () => {
  const transcript = new Transcript('test');
  const challenges = [
    transcript.challenge('c'),
    transcript.challenge('c'),
    new Transcript('test').challenge('d'),
    new Transcript('other').challenge('c'),
  ];
  expect(new Set(challenges).size).toBe(4);
});

test('bytes of one length are no prefix of bytes of another', () => {
  const transcript = new Transcript('test');
  expect(toHex(transcript.bytes(64))).not.toContain(toHex(transcript.bytes(32)));
});
