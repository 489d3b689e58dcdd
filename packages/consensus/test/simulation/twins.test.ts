import { describe, expect, test } from 'vitest';
import { quorum } from '../../src/index.ts';
import { failureOf, play, type Script } from '../cluster/script.ts';
import { shrinkScript } from '../cluster/shrink.ts';
import { twinsScript } from '../cluster/twins.ts';

describe('Twins: two unmodified copies of up to f replicas, one key between them, parted anew in each round', () => {
  test.each([
    [4, 12],
    [5, 4],
    [7, 4],
  ])('safety after every event and liveness after healing, n = %i, %i scenarios', async (n, scenarios) => {
    let accused = 0;
    let ownKey = 0;
    for (let seed = 1; seed <= scenarios; seed++) {
      const script = twinsScript({ seed: 1000 * n + seed, n });
      const cluster = await play(script);
      expect(cluster.decided.size).toBeGreaterThan(3);
      for (const one of cluster.accused.keys()) expect(script.twins).toContain(one);
      accused += cluster.accused.size;
      ownKey += cluster.refusals.get('own-key-elsewhere') ?? 0;
    }
    // The copies did contradict each other, and were found out.
    expect(accused).toBeGreaterThan(0);
    expect(ownKey).toBeGreaterThan(0);
  });

  test('one seed gives one scenario and one trace; another seed, another', async () => {
    expect(twinsScript({ seed: 3 })).toEqual(twinsScript({ seed: 3 }));
    expect(twinsScript({ seed: 3 })).not.toEqual(twinsScript({ seed: 4 }));
    const [first, second] = [await play(twinsScript({ seed: 3 })), await play(twinsScript({ seed: 3 }))];
    expect(second.world.traceHash()).toBe(first.world.traceHash());
  });

  test('with a quorum lowered by one a violation is found, and shrunk to the partition that brings it about', async () => {
    let found: Script | undefined;
    for (let seed = 1; seed <= 30 && found === undefined; seed++) {
      const script = twinsScript({ seed, quorum: quorum(4) - 1 });
      if ((await failureOf(script))?.kind.includes('two payloads are committed')) found = script;
    }
    const small = (await shrinkScript(found as Script, { runs: 80 })) as Script;
    expect((await failureOf(small))?.kind).toContain('two payloads are committed');
    expect(small.steps.length).toBeLessThan((found as Script).steps.length / 4);
    expect(small.steps.some(({ kind }) => kind === 'partition')).toBe(true);
  });
});
