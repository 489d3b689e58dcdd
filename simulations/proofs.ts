/**
 * `npm run sim -- proofs --seeds 64 [--workers N]`: flips every single bit of a proof of every kind, one at a time; none
 * may be accepted. Seed s flips the bits whose number is s - 1 modulo 64 in every proof: 64 seeds in a row are all of
 * them, fewer are that share.
 */
import { createHash } from 'node:crypto';
import type { Row } from '../bench/rows.ts';
import { deaf, everyBit, type FlipCount, flipEach } from '../packages/privacy/test/zk/malformed/flips.ts';
import {
  bulletproof64,
  clauseSpecimens,
  type Presented,
  predicateSpecimens,
  type Specimen,
} from '../packages/privacy/test/zk/malformed/specimens.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'proofs';

const SLICES = 64;

interface ProofsOutcome extends Outcome {
  /** By specimen. */
  readonly counts: Readonly<Record<string, FlipCount>>;
}

export const sweep: Sweep<ProofsOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

let known: readonly Specimen[] | undefined;

/** The same proofs for every seed and worker: they follow from fixed entropy. Presentations whole, with envelopes. */
function specimens(): readonly Specimen[] {
  known ??= [
    ...clauseSpecimens(),
    bulletproof64(),
    ...predicateSpecimens().map((one: Presented) => ({ ...one, proof: one.wire, judge: one.judgeWire })),
  ];
  return known;
}

async function seed(seed: number): Promise<ProofsOutcome> {
  const { value, cpuSeconds } = await timed(async () => {
    const counts: Record<string, FlipCount> = {};
    for (const specimen of specimens()) counts[specimen.name] = flipEach(specimen, slice(specimen.proof, seed));
    return counts;
  });
  const taken = Object.entries(value).flatMap(([of, { accepted }]) => accepted.map((bit) => `${of}: bit ${bit}`));
  const replay = `npm run sim -- proofs --from ${seed} --seeds 1`;
  const failure = taken.length === 0 ? null : { reason: `accepted with a flipped bit: ${taken.join(', ')}`, replay };
  const hash = createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
  return { seed, cpuSeconds, counts: value, failure, hash };
}

function slice(proof: Uint8Array, seed: number): Iterable<number> {
  return everyBit(proof, SLICES, (seed - 1) % SLICES);
}

function rows(outcomes: readonly ProofsOutcome[]): Row[] {
  const slices = new Set(outcomes.map((outcome) => (outcome.seed - 1) % SLICES)).size;
  const against = `${slices} of ${SLICES} slices of all bits`;
  const all = specimens().map(({ name: of }) => ({ of, counts: outcomes.flatMap(({ counts }) => counts[of] ?? []) }));
  const tried = (counts: readonly FlipCount[]) => counts.reduce((sum, count) => sum + count.tried, 0);
  const found = deafFound();
  return [
    ...all.map(({ of, counts }): Row => {
      const accepted = counts.reduce((sum, count) => sum + count.accepted.length, 0);
      const what = `${of}: flips accepted of ${tried(counts)}`;
      return { what, value: accepted, unit: 'flips', against, bar: '= 0', holds: accepted === 0 };
    }),
    {
      ...{ what: 'flips tried', value: all.reduce((sum, { counts }) => sum + tried(counts), 0), unit: 'flips' },
      ...{ against, bar: '> 0', holds: outcomes.length > 0 },
    },
    {
      ...{ what: 'known bad: flips that a verifier deaf to one bit of each element accepts', value: found },
      ...{ unit: 'flips', against: 'a planted fault', bar: '= 2', holds: found === 2 },
    },
  ];
}

function deafFound(): number {
  const [schnorr] = specimens();
  return schnorr === undefined ? 0 : flipEach(deaf(schnorr), everyBit(schnorr.proof)).accepted.length;
}
