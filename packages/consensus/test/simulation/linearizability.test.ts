import { checkLinearizable, keyValueSpecification } from '@murmuration/simulator';
import { expect, test } from 'vitest';
import { liars } from '../../src/index.ts';
import { runKeyValue } from './key-value-clients.ts';

test.each([
  { seed: 1, liar: null },
  { seed: 2, liar: 'equivocate' },
  { seed: 3, liar: 'withhold' },
])('a key-value service on PBFT is linearizable among crashes, partitions, loss and liar $liar', async (options) => {
  const planted = options.liar === null ? new Map() : new Map([[options.seed % 4, liars[options.liar] as never]]);
  const { history } = await runKeyValue({ seed: options.seed, liars: planted });
  const answered = history.operations.filter(({ answer }) => answer !== null).length;
  expect(answered).toBeGreaterThan(60);
  expect(checkLinearizable(keyValueSpecification, history.operations)).toEqual({ verdict: 'linearizable' });
});

test('replicas that answer reads from what they hold are caught: the checker can fail', async () => {
  const verdicts: string[] = [];
  for (let seed = 1; seed <= 5 && !verdicts.includes('violated'); seed++) {
    const { history } = await runKeyValue({ seed, reads: 'local' });
    verdicts.push(checkLinearizable(keyValueSpecification, history.operations).verdict);
  }
  expect(verdicts).toContain('violated');
  expect(verdicts).not.toContain('undecided');
});
