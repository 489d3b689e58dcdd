import { checkInteger, type Entropy, MurmurError } from '@murmuration/core';
import { type Rational, rational, toNumber } from './rational.ts';
import { wordsFrom } from './words.ts';

/**
 * A Poisson sample that was drawn: each of 0 … population-1 independently with probability `rate`. Only this object
 * pays for amplification by sampling, once: the budget takes it in, so a plan cannot claim a draw that never was.
 */
export class PoissonDraw {
  readonly rate: number;
  readonly population: number;
  /** In increasing order. Its size is random: a fixed one would not be Poisson sampling. */
  readonly members: Uint32Array;
  #charged = false;

  /** @internal Use `drawPoisson`. */
  constructor(rate: number, population: number, members: Uint32Array) {
    this.rate = rate;
    this.population = population;
    this.members = members;
    // A rate that was changed afterwards would claim a draw that never was.
    Object.freeze(this);
  }

  /** Whether it is a draw that this package made: nothing that only looks like one. */
  static isDraw(this: void, value: unknown): value is PoissonDraw {
    return typeof value === 'object' && value !== null && #charged in value;
  }

  /** Marks it as charged. @throws PRIVACY_SAMPLING_NOT_EXECUTED where it was before */
  charge(): void {
    if (this.#charged) {
      throw new MurmurError({
        code: 'PRIVACY_SAMPLING_NOT_EXECUTED',
        message: 'one Poisson draw was charged for two steps',
        remedy: 'draw anew for each step: amplification rests on independent draws',
      });
    }
    this.#charged = true;
  }
}

/** @param rate as num/den ≤ 1, den ≤ 2^32, so that the probability is exact. @throws OPTION_OUT_OF_RANGE */
export function drawPoisson(entropy: Entropy, population: number, rate: Rational): PoissonDraw {
  checkInteger('population', population, 1, 2 ** 32 - 1);
  const { num, den } = rational(rate.num, rate.den);
  const bound = checkInteger('denominator of the rate', Number(den), 1, 2 ** 32);
  const below = checkInteger('numerator of the rate', Number(num), 1, bound);
  const words = wordsFrom(entropy, 2 * population);
  const members: number[] = [];
  for (let i = 0; i < population; i++) if (words.below(bound) < below) members.push(i);
  return new PoissonDraw(toNumber({ num, den }), population, Uint32Array.from(members));
}
