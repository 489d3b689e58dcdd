import { describe, expect, test } from 'vitest';
import { type Rule, type Standing, TRUE_RULE, TwoClusters } from './two-clusters.ts';

const SEEDS = [1, 2, 3, 4];

/** Known bad: the participant aborts once its own block time has passed the deadline. */
const OWN_CLOCK: Rule = {
  name: 'a participant that goes by its own clock',
  stands: (view) => {
    const now = TRUE_RULE.stands(view);
    const late = view.ledger.timeMs >= view.terms.deadlineMs;
    if (view.coordinates || view.before === 'aborted') return view.before === 'aborted' ? 'aborted' : now;
    return now === 'prepared' && late ? 'aborted' : now;
  },
};

/** Known bad: the coordinator commits as soon as it is bound itself. */
const HASTY: Rule = {
  name: 'a coordinator that does not wait',
  stands: (view): Standing => {
    const now = TRUE_RULE.stands(view);
    if (!view.coordinates) return now;
    return view.before === 'committed' || now === 'prepared' ? 'committed' : now;
  },
};

describe('two clusters of real replicas, with a relayer that lies and one of each crashed', () => {
  const lives = new Map<number, Promise<TwoClusters>>();
  const lifeOf = (seed: number) => {
    const known =
      lives.get(seed) ??
      (async (life) => {
        await life.live();
        return life;
      })(new TwoClusters(seed, [TRUE_RULE, OWN_CLOCK, HASTY]));
    lives.set(seed, known);
    return known;
  };

  test.each(SEEDS)(
    'never does one commit what the other aborts, and after healing every deal ends: seed %i',
    async (seed) => {
      const life = await lifeOf(seed);
      expect(life.split.get(TRUE_RULE.name)).toBeUndefined();
      expect(life.isOver()).toBe(true);
      for (const end of life.ends()) expect(end).not.toMatch(/committed,(aborted|absent)|(aborted|absent),committed/);
      const epochs = life.clusters.map((cluster) => cluster.ledger(0).epochs().length).sort();
      expect(epochs).toEqual([1, 2]);
      const followed = life.clusters.map((cluster) => cluster.ledger(0).clusters()[0]?.followed.set.epoch).sort();
      expect(followed).toEqual([0, 1]);
    },
    120_000,
  );

  test('the lives differ: some deals came about, others did not; and two broken rules are caught on the way', async () => {
    const all = await Promise.all(SEEDS.map(lifeOf));
    const ends = all.flatMap((life) => life.ends());
    expect(ends).toContain('committed,committed');
    expect(ends.some((end) => end.includes('aborted'))).toBe(true);
    for (const rule of [OWN_CLOCK, HASTY]) expect(all.some(({ split }) => split.has(rule.name))).toBe(true);
  }, 120_000);
});
