/**
 * `npm run sim -- secure-aggregation-dropouts --seeds 64 [--workers N]`: every way in which the members of small groups
 * vanish, each member at a stage of its own, 6^n for n members (7^n with a norm bound), against the rule. No symmetry shortens this: the sign of
 * a mask follows the order of the ids, who makes a pair's ciphertext the ring that the beacon shuffles, and both
 * together leave no two members alike. Seed s tries the ways whose number is s - 1 modulo 64: 64 seeds in a row are all
 * of them, fewer are that share.
 */
import { createHash } from 'node:crypto';
import type { Row } from '../bench/rows.ts';
import {
  type Fate,
  fateNumber,
  type Setting,
  seedTextOf,
  subsetFates,
  tryFate,
  waysOf,
} from '../packages/privacy/test/secure-aggregation/dropouts.ts';
import { withForgottenMask, withWrongSign } from '../packages/privacy/test/secure-aggregation/planted.ts';
import type { World } from '../packages/privacy/test/secure-aggregation/world.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'secure-aggregation-dropouts';

const SLICES = 64;
const SETTINGS: readonly Setting[] = [
  { size: 3 },
  { size: 4 },
  { size: 4, roster: 'committed' },
  { size: 5 },
  { size: 5, minSurvivors: 4 },
  { size: 5, degree: 2 },
  { size: 6 },
  { size: 3, norm: { bound: 8191, projections: 1 } },
  { size: 7 },
  { size: 8 },
];

/** Members up to which each vanishes at a stage of its own. */
const ALL_WAYS = 6;

interface Count {
  readonly released: number;
  readonly voided: number;
}

interface DropoutsOutcome extends Outcome {
  /** By place in SETTINGS. */
  readonly counts: readonly Count[];
}

export const sweep: Sweep<DropoutsOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

async function seed(seed: number): Promise<DropoutsOutcome> {
  const wrong: string[] = [];
  const { value: counts, cpuSeconds } = await timed(async () => SETTINGS.map((setting) => slice(setting, seed, wrong)));
  const replay = `npm run sim -- ${name} --from ${seed} --seeds 1`;
  const failure = wrong.length === 0 ? null : { reason: wrong.slice(0, 5).join('; '), replay };
  const hash = createHash('sha256').update(JSON.stringify({ counts, wrong })).digest('hex').slice(0, 32);
  return { seed, cpuSeconds, counts, failure, hash };
}

function slice(setting: Setting, seed: number, wrong: string[]): Count {
  let released = 0;
  let voided = 0;
  for (let number = (seed - 1) % SLICES; number < casesOf(setting); number += SLICES) {
    const fate = caseNumber(number, setting);
    const tried = tryFate(setting, fate);
    if (tried.released) released++;
    else voided++;
    if (tried.wrong !== undefined) wrong.push(`${seedTextOf(setting, fate)}: ${tried.wrong}`);
  }
  return { released, voided };
}

function casesOf(setting: Setting): number {
  return setting.size <= ALL_WAYS ? waysOf(setting) : [...subsetFates(setting)].length;
}

function caseNumber(number: number, setting: Setting): Fate {
  return setting.size <= ALL_WAYS ? fateNumber(number, setting) : ([...subsetFates(setting)][number] as Fate);
}

function rows(outcomes: readonly DropoutsOutcome[]): Row[] {
  const slices = new Set(outcomes.map((outcome) => (outcome.seed - 1) % SLICES)).size;
  const isRight = outcomes.every(({ failure }) => failure === null);
  const sum = (at: number, kind: keyof Count) =>
    outcomes.reduce((total, { counts }) => total + (counts[at]?.[kind] ?? 0), 0);
  const found = plantedFound();
  return [
    ...SETTINGS.map((setting, at): Row => {
      const released = sum(at, 'released');
      const ways = released + sum(at, 'voided');
      const all = casesOf(setting);
      return {
        what: `${describe(setting)}: ways to vanish, ${released} with an exact sum, the rest with nothing released`,
        ...{ value: ways, unit: 'ways', against: `the rule; ${slices} of ${SLICES} slices of all ${all}` },
        bar: slices === SLICES ? `= ${all}` : '> 0',
        holds: isRight && ways >= (slices === SLICES ? all : 1),
      };
    }),
    {
      what: 'known bad: a forgotten mask and a wrong sign that are found',
      ...{ value: found, unit: 'of 2', against: 'planted faults', bar: '= 2', holds: found === 2 },
    },
  ];
}

function describe({ size, degree, minSurvivors, roster, norm }: Setting): string {
  const ring = degree === undefined ? '' : `, ${degree} neighbours each`;
  const survivors = minSurvivors === undefined ? '' : `, at least ${minSurvivors} survivors`;
  const mode = roster === 'committed' ? ', committed roster' : norm ? ', a norm bound' : '';
  return `${size} members${ring}${survivors}${mode}${size <= ALL_WAYS ? '' : ', subsets'}`;
}

/** With the last of four members lost after it shared. */
function plantedFound(): number {
  const setting = { size: 4 };
  const fate: Fate = ['none', 'none', 'none', 'shares'];
  const text = seedTextOf(setting, fate);
  const plants = [
    (world: World) => withForgottenMask(world, text, 3),
    (world: World) => withWrongSign(world, text, 1, 2),
  ];
  return plants.filter((plant) => tryFate(setting, fate, plant).wrong === 'the sum is not exact').length;
}
