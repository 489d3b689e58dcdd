import { describe, expect, test } from 'vitest';
import { quorum } from '../../src/index.ts';
import { Recording, runScenario, type ScenarioOptions } from '../cluster/scenario.ts';
import { failureOf, play, type Script } from '../cluster/script.ts';
import { describeScript, shrinkScript } from '../cluster/shrink.ts';

/** The script of the first of some seeds that fails, beginning where the run is long enough to be worth shrinking. */
async function firstFailing(options: Omit<ScenarioOptions, 'seed'>): Promise<Script> {
  for (let seed = 7; seed <= 40; seed++) {
    const recording = new Recording();
    try {
      await runScenario({ ...options, seed, recording });
    } catch {
      return recording.script() as Script;
    }
  }
  throw new Error('no seed fails');
}

describe('a quorum lowered by one, an equivocating primary', () => {
  const weak = { n: 4, liars: ['equivocate', 'flood'], quorum: quorum(4) - 1, chaosMs: 2500 };
  const failing = firstFailing(weak);

  test('the failing seed, played again by its script, fails at the same event, also out of JSON', async () => {
    const script = await failing;
    const fault = await failureOf(script);
    expect(fault?.kind).toContain('two payloads are committed at height #');
    expect(await failureOf(JSON.parse(JSON.stringify(script)))).toEqual(fault);
  });

  test('is shrunk to a script that fails in the same way with less: one liar, fewer faults, few steps', async () => {
    const script = await failing;
    const small = (await shrinkScript(script, { runs: 120 })) as Script;
    expect((await failureOf(small))?.kind).toBe((await failureOf(script))?.kind);
    expect(small.steps.length).toBeLessThan(script.steps.length / 2);
    expect(small.steps.length).toBeLessThanOrEqual(20);
    expect(small.liars.map(([, name]) => name)).toEqual(['equivocate']);
    expect(Object.keys(small.faults).length).toBeLessThan(Object.keys(script.faults).length);
    const words = describeScript(small).join('\n');
    expect(words).toMatch(/replica \d lies: equivocate/);
    expect(words).toMatch(/a request at replica \d/);
    // With the right quorum the same script is harmless.
    const { quorum: _, ...right } = small;
    await play(right);
  });
});

test('a script that does not fail is not shrunk', async () => {
  const recording = new Recording();
  await runScenario({ seed: 1, n: 4, chaosMs: 1500, recording });
  expect(await shrinkScript(recording.script() as Script, { runs: 5 })).toBeUndefined();
});
