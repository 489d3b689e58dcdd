import type { Random } from '@murmuration/core';
import { norm, scaleInPlace, weightedSum } from '@murmuration/kernels';
import type { Dataset } from '../datasets/dataset.ts';

/** A way to lie in training. Tests, simulations and the demonstration choose by name from one list. */
export interface Attack {
  readonly name: string;
  /** One sentence for a person, with the source. */
  readonly describe: string;
  /** @returns what the liar sends instead of its own update */
  readonly craft: (context: AttackContext) => Float32Array;
  /** Changes what the liar learns from; left out by attacks that lie afterwards. */
  readonly poison?: (data: Dataset) => Dataset;
}

export interface AttackContext {
  /** The update of honest work on the liar's own (or poisoned) samples. */
  readonly own: Float32Array;
  /** Updates of others that the liar has seen in this round; its own stands in where there are none. */
  readonly others: readonly Float32Array[];
  readonly round: number;
  readonly random: Random;
}

const IPM_FACTOR = -10;
const ALIE_DEVIATIONS = 1.5;
const GAUSSIAN_LENGTHS = 10;

const ATTACK_LIST: readonly Attack[] = [
  {
    name: 'inner-product-manipulation',
    describe: 'sends −10 times the mean of the updates it saw (Xie et al. 2019)',
    craft: (context) => scaledMean(context, IPM_FACTOR),
  },
  {
    name: 'sign-flip',
    describe: 'sends its own update with the opposite sign',
    craft: ({ own }) => own.map((weight) => -weight),
  },
  {
    name: 'alie',
    describe: 'a little is enough: the mean less 1.5 standard deviations of each weight (Baruch et al. 2019)',
    craft: aLittleIsEnough,
  },
  {
    name: 'gaussian',
    describe: 'sends noise ten times as long as its own update',
    craft: ({ own, random }) => noise(own.length, norm(own) * GAUSSIAN_LENGTHS, random),
  },
  {
    name: 'label-flip',
    describe: 'learns from labels turned around, c becomes C − 1 − c (Tolpegin et al. 2020)',
    craft: ({ own }) => own,
    poison: (data) => ({ ...data, labels: data.labels.map((label) => data.classes.length - 1 - label) }),
  },
];

/** Every attack under its name. */
export const attacks: Readonly<Record<string, Attack>> = Object.fromEntries(
  ATTACK_LIST.map((attack) => [attack.name, attack]),
);

function seen({ own, others }: AttackContext): readonly Float32Array[] {
  return others.length > 0 ? others : [own];
}

function scaledMean(context: AttackContext, factor: number): Float32Array {
  const rows = seen(context);
  return new Float32Array(weightedSum(rows, new Float64Array(rows.length).fill(factor / rows.length)));
}

function aLittleIsEnough(context: AttackContext): Float32Array {
  const rows = seen(context);
  const mean = scaledMean(context, 1);
  return mean.map((centre, at) => {
    const squares = rows.reduce((sum, row) => sum + ((row[at] as number) - centre) ** 2, 0);
    return centre - ALIE_DEVIATIONS * Math.sqrt(squares / rows.length);
  });
}

/** Sums of twelve uniform numbers are near enough to normal for a lie. */
function noise(length: number, wantedNorm: number, random: Random): Float32Array {
  const values = Float32Array.from({ length }, () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.unit();
    return sum;
  });
  const actual = norm(values);
  if (actual > 0) scaleInPlace(values, wantedNorm / actual);
  return values;
}
