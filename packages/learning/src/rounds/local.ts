import { type DeviceId, type Random, seededRandom, shuffle } from '@murmuration/core';
import { subtract } from '@murmuration/kernels';
import type { Dataset } from '../datasets/dataset.ts';
import { splitDirichlet } from '../datasets/dirichlet.ts';
import type { Trainer } from '../engine/trainer.ts';
import type { TrainingPlan } from './plan.ts';

export interface LocalWork {
  readonly plan: TrainingPlan;
  /** What the swarm agreed on before this round. */
  readonly model: Float32Array;
  /** The device's own samples, at least one. */
  readonly data: Dataset;
  /** From 0. */
  readonly round: number;
  /** Of this device and round: `localRandom`. */
  readonly random: Random;
  readonly signal?: AbortSignal;
}

export interface LocalUpdate {
  /** trained − model. */
  readonly delta: Float32Array;
  /** Samples that the device holds. */
  readonly samples: number;
  readonly loss: number;
}

/** One round's work of one device: trains from the swarm's model and returns the difference. */
export async function localUpdate(trainer: Trainer, work: LocalWork): Promise<LocalUpdate> {
  const { plan, model, data, round, random, signal } = work;
  const trained = await trainer.train({
    weights: model,
    data,
    indices: samplesOfRound(plan, data.size, random),
    epochs: plan.localSamples > 0 ? 1 : plan.localEpochs,
    batchSize: plan.batchSize,
    learningRate: plan.learningRate / (1 + plan.learningRateDecay * round),
    momentum: plan.momentum,
    random,
    ...(signal === undefined ? {} : { signal }),
  });
  return { delta: subtract(trained.weights, model), samples: data.size, loss: trained.loss };
}

/** Chance of one device in one round, so that a restarted device repeats what it did. */
export function localRandom(plan: TrainingPlan, device: DeviceId | string, round: number): Random {
  return seededRandom(`local/${plan.seed}/${device}/${round}`);
}

/** @returns the samples of each of `clients` devices, by the plan's α and seed. @see splitDirichlet */
export function splitForPlan(plan: TrainingPlan, train: Dataset, clients: number): number[][] {
  return splitDirichlet(train.labels, { clients, alpha: plan.alpha, random: seededRandom(`split/${plan.seed}`) });
}

function samplesOfRound(plan: TrainingPlan, size: number, random: Random): number[] {
  const own = Array.from({ length: size }, (_, i) => i);
  if (plan.localSamples === 0) return own;
  shuffle(random, own);
  return Array.from({ length: plan.localSamples }, (_, i) => own[i % size] as number);
}
