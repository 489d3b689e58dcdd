import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AggregationResult, Aggregator, AggregatorEffect } from '../../src/secure-aggregation/index.ts';
import { readClientMessage } from '../../src/secure-aggregation/messages.ts';
import { type MakeServer, mob, mobs, vectorOf } from './hostile-clients.ts';

test('whatever members say and in whatever order, a sum is of exactly the committed vectors, and no step throws', () => {
  const ended = new Map<string, number>();
  fc.assert(
    fc.property(mobs, (given) => {
      const { wrong, phase, isExact } = mob(given);
      const end = isExact ? 'exact' : phase;
      ended.set(end, (ended.get(end) ?? 0) + 1);
      expect(wrong).toBeUndefined();
    }),
    { numRuns: 120 },
  );
  expect(ended.get('exact') ?? 0).toBeGreaterThan(8);
  expect(ended.get('void') ?? 0).toBeGreaterThan(8);
});

/** The real server, with its sums changed by what it was sent and answered. */
function planted(
  change: (result: AggregationResult, noted: ReadonlyMap<number, Int32Array>) => AggregationResult,
  notes: (reason: string) => boolean = () => false,
): MakeServer {
  return ({ aggregator }) => {
    const noted = new Map<number, Int32Array>();
    const changed = (effect: AggregatorEffect): AggregatorEffect =>
      effect.kind === 'sum' ? { kind: 'sum', result: change(effect.result, noted) } : effect;
    return around(aggregator, (input) => {
      const effects = aggregator.step(input);
      const words = input.kind === 'message' ? vectorOf(input.bytes) : undefined;
      for (const effect of effects) {
        if (effect.kind === 'refused' && notes(effect.reason) && words !== undefined) noted.set(effect.from, words);
      }
      return effects.map(changed);
    });
  };
}

function around(aggregator: Aggregator, step: Aggregator['step']): Aggregator {
  return {
    get phase() {
      return aggregator.phase;
    },
    step,
  };
}

function withAll(result: AggregationResult, noted: ReadonlyMap<number, Int32Array>): AggregationResult {
  const sum = result.sum.slice();
  for (const words of noted.values()) for (const [i, word] of words.entries()) sum[i] = (sum[i] as number) + word;
  return { ...result, sum, survivors: [...new Set([...result.survivors, ...noted.keys()])].sort() };
}

const late = planted(withAll, (reason) => reason === 'late');
const repeated = planted(withAll, (reason) => reason === 'repeated');
const forgetful = planted((result) => ({ ...result, survivors: result.survivors.slice(1) }));
const uncertified: MakeServer = ({ aggregator }) =>
  around(aggregator, (input) => {
    const effects = aggregator.step(input);
    const isAsking = effects.some((effect) => effect.kind === 'commit');
    return isAsking ? [...effects, ...aggregator.step({ kind: 'certified', certificate: new Uint8Array(1) })] : effects;
  });
const throwing: MakeServer = ({ aggregator, plan }) =>
  around(aggregator, (input) => {
    if (input.kind === 'message' && !readClientMessage(input.bytes, plan.length).ok) throw new Error('malformed');
    return aggregator.step(input);
  });

test.each([
  ['adds vectors that come late', late, /^a sum of .*, committed were |^the sum is not that of the committed vectors$/],
  ['adds a vector twice', repeated, /^the sum is not that of the committed vectors$/],
  ['names one too few', forgetful, /^a sum of .*, committed were /],
  ['waits for no certificate', uncertified, /^it released a sum that nobody committed to$/],
  ['throws at what it cannot read', throwing, /^it threw Error: malformed$/],
] as const)('a server that %s is caught: positive control', (_, make, wanted) => {
  let found: string | undefined;
  const property = fc.property(mobs, (given) => {
    found = mob(given, make).wrong;
    return found === undefined;
  });
  expect(fc.check(property, { seed: 6, numRuns: 200, endOnFailure: true }).failed).toBe(true);
  expect(found).toMatch(wanted);
});
