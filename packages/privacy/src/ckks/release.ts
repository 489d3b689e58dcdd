import { checkInteger, checkNumber, type Entropy, MurmurError } from '@murmuration/core';
import type { BudgetAccount } from '../dp/budget/account.ts';
import type { BudgetLedger, Receipt } from '../dp/budget/ledger.ts';
import { type PrivacyEvent, privacyEvent } from '../dp/event.ts';
import { createDiscreteGaussian } from '../dp/noise/discrete-gaussian.ts';
import { atLeast } from '../dp/noise/rational.ts';
import { wordsFrom } from '../dp/noise/words.ts';
import { type Adjacency, sensitivityFactor } from '../dp/relation.ts';
import { type Decrypted, keyOf, openDecrypted } from './decrypted.ts';

export interface ReleaseOptions {
  /**
   * How far apart, in L2, the results of two neighbouring data sets can lie, under the relation of the account:
   * `sensitivityOf(query, adjacency).l2`. It holds only where encrypted numbers keep to it.
   */
  readonly sensitivity: number;
  /** Deviation of the noise over `sensitivity`. */
  readonly noiseMultiplier: number;
  /** What one integer of the noise's grid stands for. @default sensitivity / (64·√length), 1.6 % more noise for rounding */
  readonly resolution?: number;
  /** Most of `ReleasePlan.keyLeakage`. @default 2^-10 */
  readonly maxKeyLeakage?: number;
  /** Most of all releases of the key together, as long as it is loaded. @default 2^-6, 16 releases at that limit */
  readonly maxTotalKeyLeakage?: number;
}

/** What a release will do, known before anything is decrypted. */
export interface ReleasePlan {
  readonly event: PrivacyEvent;
  readonly resolution: number;
  /** Deviation of the noise on each number, in integers. */
  readonly sigma: number;
  /**
   * How well, at most, the released numbers can be told from numbers without the ciphertext's error: a bound on the
   * statistical distance, √length·error/2σ (Pinsker's inequality). What one release may tell about the secret key; those of one key add up.
   */
  readonly keyLeakage: number;
}

export interface ReleaseDeps {
  readonly ledger: Pick<BudgetLedger, 'status' | 'release'>;
  readonly account: BudgetAccount;
  readonly entropy: Entropy;
}

export interface PrivateRelease extends ReleaseOptions, ReleaseDeps {
  /** For people: what is released, at most 256 characters. Never data. */
  readonly purpose: string;
}

export interface Released {
  readonly values: Float64Array;
  /** Deviation of the noise in them, in their unit. */
  readonly sigma: number;
  readonly keyLeakage: number;
  readonly receipt: Receipt;
}

/**
 * The only way for decrypted numbers to leave. Debits the account, then decrypts, rounds to a grid and adds discrete
 * Gaussian noise. The sensitivity that is charged counts the rounding and the ciphertext's error. What was debited
 * stays spent if the rest fails.
 *
 * @throws PRIVACY_BUDGET_EXHAUSTED, PRIVACY_BUDGET_UNKNOWN, PRIVACY_BUDGET_DAMAGED, PRIVACY_CKKS_LEAK,
 *   PRIVACY_CKKS_DISPOSED, OPTION_OUT_OF_RANGE, each before anything is decrypted
 */
export async function releasePrivately(decrypted: Decrypted, release: PrivateRelease): Promise<Released> {
  const { ledger, account, entropy, purpose } = release;
  decrypted.checkUsable();
  const { terms } = await ledger.status(account);
  const key = keyOf(decrypted);
  const plan = planRelease(decrypted, release, terms.adjacency);
  const { maxTotalKeyLeakage = 2 ** -6 } = release;
  const total = key.keyLeakage + plan.keyLeakage;
  if (!(total <= maxTotalKeyLeakage)) throw leak('all results together', total, maxTotalKeyLeakage);
  // At once, so that releases beside this one count it too; given back where nothing was decrypted.
  key.countLeakage(plan.keyLeakage);
  let opened = false;
  try {
    return await ledger.release(account, { purpose, events: [plan.event] }, (receipt) => {
      opened = true;
      const values = noisyNumbers(decrypted, plan, entropy);
      return { values, sigma: plan.sigma * plan.resolution, keyLeakage: plan.keyLeakage, receipt };
    });
  } catch (error) {
    if (!opened) key.countLeakage(-plan.keyLeakage);
    throw error;
  }
}

/**
 * Integers x and x' of neighbours differ by at most (Δ + 2·error·√d)/γ + √d in L2: each number moves by its share of Δ,
 * by both errors, and by one for the rounding, which both do with the same random offset.
 * @throws PRIVACY_CKKS_LEAK, OPTION_OUT_OF_RANGE
 */
export function planRelease(
  { length, errorBound, precision }: Pick<Decrypted, 'length' | 'errorBound' | 'precision'>,
  options: ReleaseOptions,
  adjacency: Adjacency,
): ReleasePlan {
  const { sensitivity, noiseMultiplier, maxKeyLeakage = 2 ** -10 } = options;
  checkInteger('length of a release', length, 1);
  checkNumber('sensitivity', sensitivity, 1e-30, 1e30);
  checkNumber('noise multiplier', noiseMultiplier, 0.01, 1e6);
  const root = Math.sqrt(length);
  const resolution = options.resolution ?? sensitivity / (64 * root);
  checkNumber('resolution', resolution, 1e-30, sensitivity);
  checkNumber('largest number over the resolution', (precision.magnitude + errorBound) / resolution, 0, 2 ** 50);
  const distance = (sensitivity + 2 * errorBound * root) / resolution + root;
  const sigma = noiseMultiplier * distance;
  const keyLeakage = (root * errorBound) / (2 * sigma * resolution);
  if (!(keyLeakage <= maxKeyLeakage)) throw leak('the result', keyLeakage, maxKeyLeakage);
  const l2 = distance / sensitivityFactor(adjacency);
  const event = privacyEvent({ kind: 'discrete-gaussian', sigma, shares: 1, l2, dimension: length });
  return { event, resolution, sigma, keyLeakage };
}

/** @internal Rounds with a random offset, so that near a boundary a tiny error does not show, and adds the noise. */
export function noisyNumbers(decrypted: Decrypted, plan: ReleasePlan, entropy: Entropy): Float64Array {
  const { resolution, sigma } = plan;
  const { length, errorBound, precision } = decrypted;
  const noise = new Float64Array(length);
  createDiscreteGaussian(entropy, atLeast(sigma * sigma)).fill(noise);
  const words = wordsFrom(entropy, 2 * length);
  const limit = precision.magnitude + errorBound;
  const numbers = openDecrypted(decrypted);
  const released = numbers.map((number, i) => {
    // Cut to what was stated, which brings neighbours no farther apart; a number that is none counts as zero.
    const cut = Number.isNaN(number) ? 0 : Math.max(-limit, Math.min(limit, number));
    const integer = Math.floor(cut / resolution + words.below(2 ** 53) / 2 ** 53);
    return (integer + (noise[i] as number)) * resolution;
  });
  numbers.fill(0);
  noise.fill(0);
  return released;
}

function leak(what: string, leakage: number, most: number): MurmurError {
  const numbers = `${leakage.toExponential(1)}, at most ${most.toExponential(1)}`;
  return new MurmurError({
    code: 'PRIVACY_CKKS_LEAK',
    message: `the noise would not drown the ciphertext's error: ${what} could tell about the secret key (${numbers})`,
    remedy: 'release with more noise, fewer numbers, or from a ciphertext with a smaller error; or make a new key',
    facts: { leakage, most },
  });
}
