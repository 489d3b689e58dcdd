/**
 * `npm run sim -- isolation --seeds 1000 --workers 2`: the lives of `consensus`, cut short, with an equivocator in each:
 * how soon it is out, and that nobody else is accused. It lies from its first message, so a short life shows it.
 */
import { type ConsensusOutcome, play, promises } from './consensus.ts';
import { type Report, runSweep, type Sweep, type SweepOptions } from './sweep/sweep.ts';

export const name = 'isolation';

/** Blocks committed in each seed while faults last. */
const BLOCKS_PER_SEED = 60;

export const sweep: Sweep<ConsensusOutcome> = {
  name,
  seed: (seed) => play({ sweep: name, seed, blocks: BLOCKS_PER_SEED, equivocates: true }),
  rows: promises,
};

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}
