import { type Random, seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  checkLinearizable,
  History,
  type KeyValueInput,
  type KeyValueOutput,
  keyValueSpecification,
  type Operation,
} from '../src/index.ts';

type Call = Operation<KeyValueInput, KeyValueOutput>;

const read = { kind: 'read', key: 'x' } as const;
const write = (value: string) => ({ kind: 'write', key: 'x', value }) as const;
const swap = (expected: string | null, value: string) => ({ kind: 'swap', key: 'x', expected, value }) as const;

function call(calledAt: number, answeredAt: number, input: KeyValueInput, output?: KeyValueOutput): Call {
  const client = `client of ${calledAt}`;
  if (output === undefined) return { client, input, answer: null, calledAt, answeredAt: Number.POSITIVE_INFINITY };
  return { client, input, answer: { output }, calledAt, answeredAt };
}

const verdict = (...calls: Call[]) => checkLinearizable(keyValueSpecification, calls).verdict;

describe('one register', () => {
  test.each([
    ['an empty history', []],
    ['a read during a write may see the old value', [call(0, 3, write('a'), true), call(1, 2, read, null)]],
    ['a read during a write may see the new value', [call(0, 3, write('a'), true), call(1, 2, read, 'a')]],
    [
      'a write without an answer may take effect later',
      [call(0, 0, write('a')), call(1, 2, read, null), call(3, 4, read, 'a')],
    ],
    ['a write without an answer may never take effect', [call(0, 0, write('a')), call(1, 2, read, null)]],
    ['one of two swaps wins', [call(0, 3, swap(null, 'a'), true), call(1, 2, swap(null, 'b'), false)]],
    ['what touches at one moment may overlap', [call(0, 1, write('a'), true), call(1, 2, read, null)]],
  ])('%s', (_, calls) => {
    expect(verdict(...calls)).toBe('linearizable');
  });

  test.each([
    ['a read after a write sees it', [call(0, 1, write('a'), true), call(2, 3, read, null)]],
    ['no value comes from nowhere', [call(0, 1, read, 'a')]],
    ['what was seen stays seen', [call(0, 9, write('a'), true), call(1, 2, read, 'a'), call(3, 4, read, null)]],
    [
      'two swaps from one value cannot both win',
      [call(0, 3, swap(null, 'a'), true), call(1, 2, swap(null, 'b'), true)],
    ],
    [
      'a write without an answer takes effect once',
      [call(0, 0, write('a')), call(1, 2, read, 'a'), call(3, 4, write('b'), true), call(5, 6, read, 'a')],
    ],
  ])('violated: %s', (_, calls) => {
    expect(verdict(...calls)).toBe('violated');
  });

  test('keys are checked apart, and the wrong one is named with an answer that nothing explains', () => {
    const good = { ...write('a'), key: 'good' };
    const stale = call(4, 5, read, null);
    const calls = [call(0, 1, good, true), call(2, 3, write('b'), true), stale];
    expect(checkLinearizable(keyValueSpecification, calls)).toMatchObject({
      verdict: 'violated',
      part: 'x',
      first: stale,
    });
  });

  test('a search that takes too long is given up and said to be', () => {
    const calls = Array.from({ length: 12 }, (_, i) => call(i, 100 + i, write(`${i}`), true));
    calls.push(call(200, 201, read, 'never written'));
    expect(checkLinearizable(keyValueSpecification, calls, 1000).verdict).toBe('undecided');
    expect(checkLinearizable(keyValueSpecification, calls).verdict).toBe('violated');
  });
});

/** A history of an atomic register: each call takes effect at a random moment between its call and its answer. */
function atomicHistory(random: Random, clients: number, calls: number): readonly Call[] {
  const history = new History<KeyValueInput, KeyValueOutput>();
  const open: { id: number; input: KeyValueInput; output?: KeyValueOutput }[] = [];
  let value: string | null = null;
  for (let made = 0; made < calls || open.length > 0; ) {
    const one = open[random.below(Math.max(1, open.length))];
    if (made < calls && open.length < clients && (one === undefined || random.below(2) === 0)) {
      const inputs = [read, read, write(`${made}`), swap(random.below(2) === 0 ? value : 'nothing', `s${made}`)];
      const input = inputs[random.below(4)] as KeyValueInput;
      open.push({ id: history.call(`${made++}`, input), input });
    } else if (one !== undefined && one.output === undefined) {
      const { input } = one;
      one.output = input.kind === 'read' ? value : input.kind === 'write' || value === input.expected;
      if (input.kind !== 'read' && one.output === true) ({ value } = input);
    } else if (one !== undefined) {
      // One in twenty answers is lost.
      if (random.below(20) > 0) history.answer(one.id, one.output as KeyValueOutput);
      open.splice(open.indexOf(one), 1);
    }
  }
  return history.operations;
}

test('histories of an atomic register pass, and the same with one value that nobody wrote do not', () => {
  let spoiled = 0;
  for (let seed = 0; seed < 100; seed++) {
    const calls = atomicHistory(seededRandom(`history ${seed}`), 5, 200);
    expect(checkLinearizable(keyValueSpecification, calls).verdict).toBe('linearizable');
    const late = calls.findLast(({ input, answer }) => input.kind === 'read' && answer !== null);
    if (late === undefined) continue;
    const wrong = calls.map((one) => (one === late ? { ...one, answer: { output: '-1' } } : one));
    expect(checkLinearizable(keyValueSpecification, wrong).verdict).toBe('violated');
    spoiled += 1;
  }
  expect(spoiled).toBeGreaterThan(90);
});

/** Every order of all subsets of the calls without an answer: slow, and plainly right. */
function bruteForce(calls: readonly Call[]): boolean {
  const explain = (rest: readonly Call[], state: string | null): boolean => {
    if (rest.every(({ answer }) => answer === null)) return true;
    const soonest = Math.min(...rest.map(({ answeredAt }) => answeredAt));
    return rest.some((one) => {
      if (one.calledAt > soonest) return false;
      const next = keyValueSpecification.apply(state, one.input, one.answer);
      return (
        next !== undefined &&
        explain(
          rest.filter((other) => other !== one),
          next.state,
        )
      );
    });
  };
  return explain(calls, null);
}

test('agrees with trying every order, on small histories with arbitrary answers', () => {
  const random = seededRandom('small histories');
  const counts = { linearizable: 0, violated: 0, undecided: 0 };
  for (let round = 0; round < 2000; round++) {
    const history = new History<KeyValueInput, KeyValueOutput>();
    const open: { id: number; input: KeyValueInput }[] = [];
    for (let i = 0; i < 6 || open.length > 1; i++) {
      if (i < 6) {
        const input = [read, write(`${random.below(2)}`), swap('0', '1')][random.below(3)] as KeyValueInput;
        open.push({ id: history.call(`${i}`, input), input });
      }
      while (open.length > random.below(4)) {
        const [one] = open.splice(random.below(open.length), 1);
        if (one === undefined) break;
        const outputs =
          one.input.kind === 'read' ? [null, '0', '1'] : one.input.kind === 'write' ? [true] : [true, false];
        history.answer(one.id, outputs[random.below(outputs.length)] as KeyValueOutput);
      }
    }
    const { verdict } = checkLinearizable(keyValueSpecification, history.operations);
    counts[verdict] += 1;
    expect(verdict).toBe(bruteForce(history.operations) ? 'linearizable' : 'violated');
  }
  expect(Math.min(counts.linearizable, counts.violated)).toBeGreaterThan(100);
});
