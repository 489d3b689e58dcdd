import type { GroupRelease, GroupSum } from '@murmuration/learning';
import type { Verdict } from '@murmuration/ledger';
import type { RoundGroups } from './round-groups.ts';

/**
 * One verdict for each group that has a sum, under the name of its aggregator. None is an outlier: which member of a
 * group lied, nobody can tell.
 * @param release null where the round had too few groups
 */
export function groupVerdicts(
  { groups }: RoundGroups,
  sums: readonly GroupSum[],
  release: GroupRelease | null,
): readonly Verdict[] {
  const known = sums.map(({ plan }) => plan.group);
  return groups
    .filter(({ plan }) => known.includes(plan.group))
    .map(({ plan, aggregator: device }) => {
      const verdict = release?.verdicts.find(({ group }) => group === plan.group);
      if (verdict === undefined) {
        return { device, accepted: false, reason: 'too-few-groups', norm: 0, cosine: 0, weight: 0, outlier: false };
      }
      const { accepted, reason, norm, cosine, weight } = verdict;
      return { device, accepted, reason, norm, cosine, weight, outlier: false };
    });
}
