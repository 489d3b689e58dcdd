import { checkLinearizable, keyValueSpecification } from '@murmuration/simulator';
import { expect, test } from 'vitest';
import { runRaftKeyValue } from './key-value-clients.ts';

test.each([[1], [2], [3], [4]])(
  'a key-value service on Raft is linearizable, its reads by ReadIndex: crashes, partitions, snapshots, seed %i',
  (seed) => {
    const { operations } = runRaftKeyValue({ seed }).history;
    const reads = operations.filter(({ input, answer }) => input.kind === 'read' && answer !== null);
    expect(reads.length).toBeGreaterThan(30);
    expect(checkLinearizable(keyValueSpecification, operations)).toEqual({ verdict: 'linearizable' });
  },
);

test('members that answer reads from what they hold are caught: the checker can fail', () => {
  const verdicts: string[] = [];
  for (let seed = 1; seed <= 5 && !verdicts.includes('violated'); seed++) {
    const { operations } = runRaftKeyValue({ seed, reads: 'local' }).history;
    verdicts.push(checkLinearizable(keyValueSpecification, operations).verdict);
  }
  expect(verdicts).toContain('violated');
  expect(verdicts).not.toContain('undecided');
});
