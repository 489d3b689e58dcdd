import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkSequence, emptyReplayWindow, useSequence } from '../../src/devices/replay-window.ts';
import { REPLAY_WINDOW } from '../../src/index.ts';
import { hashOf } from '../fixtures.ts';

const USAGE = { height: 1, reason: null, fee: 0n };

test('each sequence number is used once, by one command, and the window never grows past its size', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.nat(3)), { maxLength: 300 }), (arrivals) => {
      let window = emptyReplayWindow;
      const used = new Map<number, number>();
      for (const [sequence, command] of arrivals) {
        const highest = Math.max(0, ...used.keys());
        const verdict = checkSequence(window, sequence, hashOf(command));
        if (sequence <= highest - REPLAY_WINDOW) expect(verdict).toBe('sequence-too-old');
        else if (!used.has(sequence)) expect(verdict).toBe('fresh');
        else expect(verdict).toBe(used.get(sequence) === command ? 'duplicate' : 'sequence-used');
        if (verdict !== 'fresh') continue;
        used.set(sequence, command);
        window = useSequence(window, sequence, hashOf(command), USAGE);
        expect(window.recent.length).toBeLessThanOrEqual(REPLAY_WINDOW);
      }
    }),
    { numRuns: 200 },
  );
});

test('numbers may arrive out of order down to 63 below the highest', () => {
  const window = useSequence(emptyReplayWindow, 100, hashOf(1), USAGE);
  expect(checkSequence(window, 37, hashOf(2))).toBe('fresh');
  expect(checkSequence(window, 36, hashOf(2))).toBe('sequence-too-old');
});
