/**
 * `npm run sim -- search [--from I --seeds N]`: bounded exhaustive search over the real PBFT engine, n = 4, two views,
 * for each place that the liar can have; then a quorum of two, which it must catch. Each search counts as a seed. All
 * of them take about ten minutes of one core and 5 GB: see specs/consensus/search.md.
 */
import type { Row } from '../bench/rows.ts';
import { Explorer, type SearchResult } from '../packages/consensus/test/search/explorer.ts';
import { type PbftBound, pbftSubject } from '../packages/consensus/test/search/pbft.ts';

export const name = 'search';

const MAX_STATES = 2_000_000;
const SEARCHES: readonly PbftBound[] = [
  { liar: 0, views: 2, quorum: 2 },
  { liar: 3, views: 2, quorum: 3 },
  { liar: 0, views: 2, quorum: 3 },
  { liar: 1, views: 2, quorum: 3 },
];

interface Failure {
  readonly seed: number;
  readonly reason: string;
  readonly replay: string;
}

export async function run(options: {
  seeds: number;
  firstSeed: number;
}): Promise<{ name: string; seeds: number; failures: Failure[]; rows: Row[] }> {
  const chosen = SEARCHES.slice(options.firstSeed - 1, options.firstSeed - 1 + options.seeds);
  const failures: Failure[] = [];
  const rows: Row[] = [];
  for (const [i, bound] of chosen.entries()) {
    const seed = options.firstSeed + i;
    const subject = pbftSubject(bound);
    const found = new Explorer(subject, { maxStates: MAX_STATES }).run();
    const holds = bound.quorum === 3 ? found.exhaustive : found.violation !== undefined;
    rows.push(rowOf(subject.name, bound, found, holds));
    if (holds) continue;
    const story = found.violation ?? [found.exhaustive ? 'no violation was found' : 'it gave up'];
    const replay = `npm run sim -- search --from ${seed} --seeds 1`;
    failures.push({ seed, reason: `${subject.name}:\n    ${story.join('\n    ')}`, replay });
  }
  return { name, seeds: chosen.length, failures, rows };
}

function rowOf(what: string, { quorum }: PbftBound, { states, steps }: SearchResult, holds: boolean): Row {
  const bar = quorum === 3 ? 'all visited, agreement in each' : 'a violation is found';
  return { what, value: states, unit: 'states', against: `${steps} steps of real engines`, bar, holds };
}
