import { checkInteger, checkNumber, MurmurError } from '@murmuration/core';
import {
  type Adjacency,
  calibrateGaussian,
  type PrivacyPlan,
  pldEpsilon,
  rdpEpsilon,
  type Sampling,
} from '@murmuration/privacy';

export interface TrainingRequest {
  /** Records of the data set. */
  readonly records: number;
  /** Records that a step uses, in the mean. */
  readonly batch: number;
  readonly steps: number;
  readonly delta: number;
  readonly adjacency: Adjacency;
  /** Whether each step draws its records independently, in secret. Otherwise no amplification is charged. */
  readonly poisson: boolean;
  /** The wanted ε, from which the noise follows; or `noise`. */
  readonly epsilon?: number;
  /** σ/C, from which ε follows. */
  readonly noise?: number;
}

export interface TrainingAnswer {
  readonly plan: PrivacyPlan;
  /** σ/C: standard deviation of the noise over the clipping norm. */
  readonly noiseMultiplier: number;
  readonly sampling: Sampling;
  readonly epsilonRdp: number;
  readonly epsilonPld: number;
}

/**
 * Noise for a wanted ε, or ε of a given noise, for training by `steps` Gaussian releases. The noise is found by the
 * tighter accountant (PLD); both are reported.
 * @throws PRIVACY_PLAN_OPTIONS, PRIVACY_UNREACHABLE, OPTION_OUT_OF_RANGE
 */
export function planTraining(request: TrainingRequest): TrainingAnswer {
  const { records, batch, steps, delta, adjacency, epsilon, noise } = request;
  checkInteger('records', records, 1, 2 ** 40);
  checkInteger('records of a step', batch, 1, records);
  checkInteger('steps', steps, 1, 10 ** 9);
  checkNumber('delta', delta, 1e-20, 1 - 1e-12);
  if ((epsilon === undefined) === (noise === undefined)) throw onlyOne();
  if (delta * records >= 1) throw largeDelta(delta, records);
  const sampling: Sampling =
    batch === records
      ? { kind: 'none' }
      : request.poisson
        ? { kind: 'poisson', rate: batch / records }
        : { kind: 'fixed-size', size: batch, population: records };
  const noiseMultiplier =
    noise ?? calibrateGaussian({ epsilon: epsilon as number, delta, steps, sampling, adjacency }, 'pld');
  const mechanism = { kind: 'gaussian', noiseMultiplier } as const;
  const plan: PrivacyPlan = { adjacency, events: [{ mechanism, sampling, count: steps }] };
  return {
    plan,
    noiseMultiplier,
    sampling,
    epsilonRdp: rdpEpsilon(plan, delta).epsilon,
    epsilonPld: pldEpsilon(plan, delta),
  };
}

/** The plan as a file that `readPlanFile` reads. */
export function planAsToml({ adjacency, events }: PrivacyPlan): string {
  const inline = (value: object) =>
    `{ ${Object.entries(value)
      .map(([key, one]) => `${key} = ${JSON.stringify(one)}`)
      .join(', ')} }`;
  const blocks = events.map(
    ({ mechanism, sampling, count }) =>
      `[[events]]\nmechanism = ${inline(mechanism)}\nsampling = ${inline(sampling)}\ncount = ${count}\n`,
  );
  return [`adjacency = "${adjacency}"\n`, ...blocks].join('\n');
}

function onlyOne(): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_PLAN_OPTIONS',
    message: 'a plan needs either a wanted epsilon or a noise multiplier',
    remedy: 'give one of the two: the other follows from it',
  });
}

function largeDelta(delta: number, records: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_PLAN_OPTIONS',
    message: `delta ${delta} of ${records} records permits to publish one of them`,
    remedy: `keep delta well below 1/${records}, ${(1 / records / 10).toExponential(0)} for example`,
    facts: { delta, records },
  });
}
