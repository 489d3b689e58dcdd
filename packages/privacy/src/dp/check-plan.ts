import { checkInteger, checkNumber, MurmurError } from '@murmuration/core';
import type { Mechanism, PrivacyEvent, PrivacyPlan } from './event.ts';
import { checkAdjacency, type Sampling } from './relation.ts';

const MAX_EVENTS = 10_000;
const MAX_COUNT = 10 ** 9;
const MIN_NOISE = 0.01;
const MAX_NOISE = 1e6;
/** @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function checkPlan(plan: PrivacyPlan): void {
  if (!isRecord(plan) || !Array.isArray(plan.events)) throw badEvent('a plan has no list of events', 'give one');
  checkAdjacency(plan.adjacency);
  checkInteger('number of events in a plan', plan.events.length, 0, MAX_EVENTS);
  for (const event of plan.events) checkEvent(event);
}

/** @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function checkEvent(event: PrivacyEvent): void {
  if (!isRecord(event) || !isRecord(event.mechanism) || !isRecord(event.sampling)) {
    throw badEvent('an event lacks its mechanism or its sampling', 'make events with `privacyEvent`');
  }
  const { mechanism, sampling, count } = event;
  checkInteger('count of an event', count, 1, MAX_COUNT);
  checkSampling(sampling);
  checkMechanism(mechanism);
  if (sampling.kind === 'poisson' && sampling.rate < 1 && !AMPLIFIED.has(mechanism.kind)) {
    throw badEvent(
      `amplification by sampling is not worked out for "${mechanism.kind}"`,
      'state it without sampling: the bound then holds for any',
    );
  }
}

const AMPLIFIED: ReadonlySet<Mechanism['kind']> = new Set([
  'gaussian',
  'laplace',
  'discrete-laplace',
  'discrete-gaussian',
]);

function checkSampling(sampling: Sampling): void {
  switch (sampling.kind) {
    case 'none':
      return;
    case 'poisson':
      checkNumber('rate of Poisson sampling', sampling.rate, 1e-9, 1);
      return;
    case 'fixed-size':
      checkInteger('population of a sample', sampling.population, 1);
      checkInteger('size of a sample', sampling.size, 1, sampling.population);
      return;
    default:
      throw unknownKind('sampling', sampling);
  }
}

function checkMechanism(mechanism: Mechanism): void {
  switch (mechanism.kind) {
    case 'gaussian':
      checkNumber('noise multiplier', mechanism.noiseMultiplier, MIN_NOISE, MAX_NOISE);
      return;
    case 'laplace':
      checkNumber('Laplace scale', mechanism.scale, MIN_NOISE, MAX_NOISE);
      return;
    case 'discrete-laplace':
      checkNumber('Laplace scale', mechanism.scale, MIN_NOISE, 2 ** 40);
      checkInteger('sensitivity', mechanism.sensitivity, 1, 2 ** 15);
      return;
    case 'discrete-gaussian':
      checkNumber('sigma of a discrete Gaussian', mechanism.sigma, 0.5, 2 ** 40);
      checkInteger('shares of noise', mechanism.shares, 1, 10 ** 6);
      checkNumber('L2 norm', mechanism.l2, 0, 2 ** 40);
      checkInteger('dimension', mechanism.dimension, 1, 2 ** 40);
      return;
    case 'gaussian-mixture':
      checkMixture(mechanism);
      return;
    case 'tree':
      checkNumber('noise multiplier', mechanism.noiseMultiplier, MIN_NOISE, MAX_NOISE);
      checkInteger('steps of a tree', mechanism.steps, 1, MAX_COUNT);
      return;
    case 'zcdp':
      checkNumber('rho', mechanism.rho, 0, 10 ** 6);
      return;
    case 'pure':
      checkNumber('epsilon', mechanism.epsilon, 0, 10 ** 6);
      return;
    default:
      throw unknownKind('mechanism', mechanism);
  }
}

const MIXTURE = 'give as many probabilities as sensitivities, none negative, the probabilities summing to 1';

function checkMixture(mechanism: Extract<Mechanism, { kind: 'gaussian-mixture' }>): void {
  const { sigma, sensitivities, probabilities } = mechanism;
  if (!Array.isArray(sensitivities) || !Array.isArray(probabilities))
    throw badEvent('a mixture lacks its lists', MIXTURE);
  checkNumber('sigma of a mixture', sigma, MIN_NOISE, MAX_NOISE);
  checkInteger('components of a mixture', sensitivities.length, 1, 64);
  const sum = probabilities.reduce((total, p) => total + p, 0);
  const fits = probabilities.length === sensitivities.length && Math.abs(sum - 1) < 1e-12;
  if (!fits || probabilities.some((p) => !(p >= 0)) || sensitivities.some((s) => !(s >= 0 && s <= MAX_NOISE))) {
    throw badEvent(
      `a mixture has ${sensitivities.length} sensitivities and ${probabilities.length} probabilities that sum to ${sum}`,
      MIXTURE,
    );
  }
}

/** Plans come from files and other programs too: what no type kept out. */
function unknownKind(what: string, value: { readonly kind?: unknown }): MurmurError {
  return badEvent(
    `"${String(value.kind)}" is no ${what} known here`,
    'its privacy cannot be worked out: use a known one',
  );
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function badEvent(message: string, remedy: string): MurmurError {
  return new MurmurError({ code: 'PRIVACY_BAD_EVENT', message, remedy });
}
