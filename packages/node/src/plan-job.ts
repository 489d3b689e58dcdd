import { accept, MurmurError, type Result, refuse } from '@murmuration/core';
import {
  defaultPlan,
  encodePlan,
  makePrivate,
  type NoiseChoice,
  type PrivatePlan,
  RULES,
  STRATEGIES,
  type Strategy,
  type TrainingPlan,
} from '@murmuration/learning';
import type { Genesis, Ledger } from '@murmuration/ledger';
import { tolerance } from '@murmuration/privacy';
import type { DataPlaces } from './adapters/data-places.ts';
import type { OpenJobRequest, PrivateRoundsRequest } from './views/learning.ts';

export interface PlannedJob {
  readonly job: string;
  readonly plan: Uint8Array;
  readonly rounds: number;
}

const CLIPPING_NORM = 2;
const DELTA = 1e-5;

/**
 * From what a person asks for to the command that opens the job. @returns why not, for a person
 * @throws PRIVATE_ROUNDS_TOLERANCE with the row of the threshold table, and what else `makePrivate` throws
 */
export async function planJob(
  request: OpenJobRequest,
  places: DataPlaces,
  ledger: Ledger,
  genesis: Pick<Genesis, 'lookahead'>,
): Promise<Result<PlannedJob>> {
  const plan = await planOf(request, places);
  if (!plan.ok) return plan;
  const job = request.job ?? freeId(request.data, ledger);
  const { rounds, privacy } = request;
  if (privacy !== undefined && genesis.lookahead !== undefined) {
    return refuse('changing-replicas', 'who commits to the survivors of a private round must not change in it');
  }
  const whole = privacy === undefined ? plan.value : withPrivacy(plan.value, { ...request, privacy }, ledger);
  return accept({ job, plan: encodePlan(whole), rounds });
}

/** As many liars as the groups bear are expected, but for what the request says. */
function withPrivacy(
  plan: TrainingPlan,
  { privacy, rounds, faulty }: OpenJobRequest & { readonly privacy: PrivateRoundsRequest },
  ledger: Ledger,
): PrivatePlan {
  const devices = ledger.devices().filter(({ device }) => !ledger.isQuarantined(device)).length;
  const { groupSize = 5, clippingNorm = CLIPPING_NORM, colluders = 1 } = privacy;
  const { groups, poisoners } = tolerance(devices, groupSize, Math.min(colluders, groupSize - 1));
  const borne = Math.min(plan.faulty, poisoners, RULES[plan.strategy].maxFaulty(groups));
  const choice = { groupSize, clippingNorm, colluders, noise: noiseOf(privacy) };
  return makePrivate({ ...plan, faulty: faulty ?? borne }, choice, { devices, rounds });
}

function noiseOf({ epsilon, noise: noiseMultiplier, delta = DELTA }: PrivateRoundsRequest): NoiseChoice {
  if (epsilon !== undefined && noiseMultiplier !== undefined) {
    throw new MurmurError({
      code: 'PRIVACY_PLAN_OPTIONS',
      message: 'private rounds were asked for with a wanted epsilon and with a given noise',
      remedy: 'give one of the two: the other follows from it',
    });
  }
  if (epsilon !== undefined) return { kind: 'budget', epsilon, delta };
  return noiseMultiplier === undefined ? { kind: 'none' } : { kind: 'sigma', noiseMultiplier, delta };
}

/** The plan of a request: that of its kind of data, with what the person wished otherwise. */
export async function planOf(request: OpenJobRequest, places: DataPlaces): Promise<Result<TrainingPlan>> {
  const strategy = STRATEGIES.find((name) => name === request.strategy);
  if (strategy === undefined) return refuse('unknown-strategy', `known are ${STRATEGIES.join(', ')}`);
  return accept(withWishes(await basePlan(request, places), strategy, request));
}

async function basePlan({ data }: OpenJobRequest, places: DataPlaces): Promise<TrainingPlan> {
  if (data === 'names' || data === 'digits') return defaultPlan(data);
  // Files are trained like digits: a row of numbers a sample, and nothing known of them beforehand.
  return { ...defaultPlan('digits'), dataset: await places.place(data) };
}

function withWishes(base: TrainingPlan, strategy: Strategy, request: OpenJobRequest): TrainingPlan {
  const { alpha, seed, faulty, localEpochs, batchSize, learningRate, hidden } = request;
  return {
    ...base,
    strategy,
    alpha,
    seed: seed ?? base.seed,
    faulty: faulty ?? base.faulty,
    batchSize: batchSize ?? base.batchSize,
    learningRate: learningRate ?? base.learningRate,
    model: { ...base.model, hidden: hidden ?? base.model.hidden },
    // Whoever asks for passes gets passes, in place of the plan's equal number of samples.
    ...(localEpochs === undefined ? {} : { localEpochs, localSamples: 0 }),
  };
}

/** `names-1`, `names-2`, …: the first that the ledger does not know. */
function freeId(data: string, ledger: Ledger): string {
  const family = data.split(':')[0] as string;
  for (let i = 1; ; i++) if (ledger.job(`${family}-${i}`) === undefined) return `${family}-${i}`;
}
