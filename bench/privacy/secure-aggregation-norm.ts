import { seededRandom } from '@murmuration/core';
import { honestRefusalBound, liarsPassBound } from '@murmuration/privacy';
import type { Row } from '../rows.ts';
import { measureRound } from './secure-aggregation-world.ts';

const LENGTH = 100_000;
const SIZE = 5;
/** Small enough that sums of projections do not wrap: 2·β·d + β < 2^31. */
const NORM = { bound: 10_000, projections: 32 };
/** Numbers from −7 to 7: an L2 norm near 1,366. */
const BOUND = 7;

/** What it costs to prove, under the masks, that a vector is short: the first two plans compile. */
export function normRows(): readonly Row[] {
  const inputOf = (member: number) => {
    const random = seededRandom(`short ${member}`);
    return Int32Array.from({ length: LENGTH }, () => random.below(2 * BOUND + 1) - BOUND);
  };
  const options = { size: SIZE, length: LENGTH, bound: BOUND, norm: NORM, inputOf, lost: () => false };
  measureRound({ ...options, round: 10 });
  const { clients, verifyMs, releaseMs, result } = measureRound({ ...options, round: 11 });
  const inputs = clients.map((_, member) => inputOf(member));
  const isExact = result?.sum.every(
    (value, i) => value === inputs.reduce((sum, input) => sum + (input[i] as number), 0),
  );
  const squares = Math.max(...inputs.map((input) => input.reduce((sum, value) => sum + value * value, 0)));
  const slack = (Math.SQRT2 * NORM.bound) / Math.sqrt(squares);
  const refused = honestRefusalBound(NORM.projections, slack);
  const passes = liarsPassBound({ ...NORM, length: LENGTH, liars: 1, norm: 10 * Math.SQRT2 * NORM.bound });
  const proveSeconds = median(clients.map(({ proofMs }) => proofMs)) / 1000;
  const verifySeconds = verifyMs / SIZE / 1000;
  const bytes = Math.max(...clients.map(({ proofBytes }) => proofBytes));
  const sent = Math.max(...clients.map((client) => client.sent)) / (4 * LENGTH);
  const proof = `norm proof, ${LENGTH} numbers, ${NORM.projections} projections, groups of ${SIZE}`;
  const sum = isExact === true ? 'sum exact' : 'sum WRONG';
  const holds = isExact === true && result?.unproven.length === 0;
  return [
    {
      ...{ what: `${proof}: processor time of a client`, value: proveSeconds, unit: 's', bar: '≤ 5' },
      against: `an honest vector is refused with probability ≤ ${refused.toExponential(0)}, one 10 times too long passes with ≤ ${passes.toExponential(0)}`,
      holds: holds && proveSeconds <= 5,
    },
    {
      ...{ what: `${proof}: processor time of the server, a member`, value: verifySeconds, unit: 's', bar: '< 1' },
      against: `${sum}; checks of masks at the release, ${(releaseMs / SIZE / 1000).toFixed(3)} s a member`,
      holds: holds && verifySeconds < 1,
    },
    {
      ...{ what: `${proof}: bytes of a member`, value: bytes, unit: 'B', bar: '≤ 1.05 × a plain upload, all messages' },
      against: `all messages together ${sent.toFixed(3)} of a plain 32-bit upload`,
      holds: holds && sent <= 1.05,
    },
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
