import { expect, test } from 'vitest';
import { FixtureSource } from '../../gateway/test/fixtures/source.ts';
import { claimsOf } from '../src/evidence/claims.ts';
import { healthOf } from '../src/overview/health.ts';

test('the words of the quorum agree with its numbers, for each number of replicas that stopped', () => {
  const source = new FixtureSource({ steps: 10 });
  for (let stopped = 0; stopped <= 7; stopped++) {
    source.stop(stopped);
    const { quorum } = source.snapshot();
    const { word, says } = healthOf(quorum);
    expect(word).toBe({ healthy: 'Healthy', degraded: 'Degraded', lost: 'No quorum' }[quorum.health]);
    if (quorum.health === 'lost') expect(says).toContain(`${quorum.quorum - quorum.live} more replica`);
    if (quorum.live === quorum.quorum) expect(says).toContain('one more failure stops them');
    if (stopped === 1) expect(says).toContain('1 more failure can be borne');
  }
});

test('every kind of evidence, the unknown ones too, says what it does not prove', () => {
  for (const kind of ['equivocation', 'poisoned-updates', 'result-mismatch', 'double-update', 'of-tomorrow']) {
    const { proves, doesNotProve } = claimsOf(kind);
    expect(proves.length).toBeGreaterThan(0);
    expect(doesNotProve.join(' ')).toContain('software key');
  }
});
