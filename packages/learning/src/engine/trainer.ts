import { assert, MurmurError, type Random, shuffle } from '@murmuration/core';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { type Dataset, fillBatch } from '../datasets/dataset.ts';
import {
  inferenceGraph,
  type MlpSpec,
  type ParameterSlot,
  parameterCount,
  parameterSlots,
  trainingGraph,
} from './mlp.ts';
import { openSession } from './session.ts';

/** Trains and evaluates one model. One call of `train` at a time; `evaluate` may run beside it. */
export interface Trainer extends AsyncDisposable {
  readonly model: MlpSpec;
  /** Plain SGD with momentum from `weights`, which stay untouched. @throws ENGINE_INPUT, ENGINE_DIVERGED */
  train(request: TrainRequest): Promise<TrainResult>;
  /** @throws ENGINE_INPUT */
  evaluate(weights: Float32Array, data: Dataset): Promise<Evaluation>;
}

export interface TrainRequest {
  readonly weights: Float32Array;
  readonly data: Dataset;
  /** Samples to learn from; all of `data` where left out. */
  readonly indices?: readonly number[];
  /** Passes over the samples. */
  readonly epochs: number;
  /** Samples in a step; the last step of a pass may have fewer. */
  readonly batchSize: number;
  readonly learningRate: number;
  /** μ in v ← μ·v + g, w ← w − η·v; v starts at 0. */
  readonly momentum: number;
  /** Orders the samples anew before each pass. */
  readonly random: Random;
  /** Asked before each step; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly weights: Float32Array;
  /** Mean loss of the last pass, measured while it learned. */
  readonly loss: number;
  /** Samples learned from, each counted once. */
  readonly samples: number;
}

export interface Evaluation {
  /** Share of samples whose most likely class is their label; ties go to the lower class. */
  readonly accuracy: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
}

/** Samples that one inference step takes: 1 MB of features at 4096 of them. */
const EVALUATION_BATCH = 64;
const MAX_BATCH = 65_536;

/**
 * Opens the two graphs of a model in onnxruntime, on one thread.
 * @throws ENGINE_UNAVAILABLE
 */
export async function createTrainer(model: MlpSpec): Promise<Trainer> {
  const training = await openSession(trainingGraph(model));
  const inference = await openSession(inferenceGraph(model));
  const step = createStep(model, training);
  let busy = false;
  return {
    model,
    async train(request) {
      assert(!busy, 'a trainer trains one model at a time');
      busy = true;
      try {
        return await train(model, step, request);
      } finally {
        busy = false;
      }
    },
    evaluate: (weights, data) => evaluate(model, inference, weights, data),
    [Symbol.asyncDispose]: async () => {
      await training.release();
      await inference.release();
    },
  };
}

async function train(model: MlpSpec, step: Step, request: TrainRequest): Promise<TrainResult> {
  const { data, epochs, batchSize, learningRate, momentum, random, signal } = request;
  const order = Array.from(request.indices ?? data.labels.keys());
  checkInput(model, request.weights, data);
  checkBatch(batchSize, order.length, epochs);
  step.begin(request.weights, Math.min(batchSize, order.length));
  let loss = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(random, order);
    loss = 0;
    for (let from = 0; from < order.length; from += batchSize) {
      signal?.throwIfAborted();
      const batch = order.slice(from, from + batchSize);
      loss += (await step.run(data, batch, learningRate, momentum)) * batch.length;
    }
    loss /= order.length;
  }
  const weights = step.weights();
  if (!Number.isFinite(loss) || !weights.every(Number.isFinite)) throw diverged(learningRate);
  return { weights, loss, samples: order.length };
}

interface Step {
  /** Starts from these weights and no velocity. */
  begin(weights: Float32Array, batchSize: number): void;
  /** @returns the mean loss of the batch before the step */
  run(data: Dataset, batch: readonly number[], rate: number, momentum: number): Promise<number>;
  weights(): Float32Array;
}

/**
 * Two sets of weights and velocities that take turns as input and output, and one batch buffer, for the life
 * of the trainer: a step allocates nothing that grows with the model.
 */
function createStep(model: MlpSpec, session: InferenceSession): Step {
  const sides = [flatState(model), flatState(model)] as const;
  const loss = new Float32Array(1);
  const lossOutput = { [session.outputNames[0] as string]: new Tensor('float32', loss, []) };
  let x = new Float32Array(0);
  let y = new Float32Array(0);
  let side: 0 | 1 = 0;
  return {
    begin(weights, batchSize) {
      if (x.length !== batchSize * model.inputs) {
        x = new Float32Array(batchSize * model.inputs);
        y = new Float32Array(batchSize * model.classes);
      }
      side = 0;
      sides[0].weights.set(weights);
      sides[0].velocity.fill(0);
    },
    async run(data, batch, rate, momentum) {
      fillBatch(data, batch, x);
      fillOneHot(data.labels, batch, model.classes, y);
      const feeds = {
        ...sides[side].inputs,
        x: matrix(x, batch.length, model.inputs),
        y: matrix(y, batch.length, model.classes),
        rate: new Tensor('float32', Float32Array.of(rate), []),
        momentum: new Tensor('float32', Float32Array.of(momentum), []),
      };
      side = side === 0 ? 1 : 0;
      await session.run(feeds, { ...sides[side].outputs, ...lossOutput });
      return loss[0] as number;
    },
    weights: () => sides[side].weights.slice(),
  };
}

/** The first rows of a buffer as a tensor over the same memory. */
function matrix(buffer: Float32Array, rows: number, columns: number): Tensor {
  return new Tensor('float32', buffer.subarray(0, rows * columns), [rows, columns]);
}

type Tensors = Readonly<Record<string, Tensor>>;

interface FlatState {
  readonly weights: Float32Array;
  readonly velocity: Float32Array;
  readonly inputs: Tensors;
  readonly outputs: Tensors;
}

/** Tensors over one flat vector of weights and one of velocities, under their names as input and output. */
function flatState(model: MlpSpec): FlatState {
  const weights = new Float32Array(parameterCount(model));
  const velocity = new Float32Array(weights.length);
  const named = parameterSlots(model).flatMap((slot) => [
    [slot.name, slotTensor(slot, weights)] as const,
    [`${slot.name}_velocity`, slotTensor(slot, velocity)] as const,
  ]);
  return {
    weights,
    velocity,
    inputs: Object.fromEntries(named),
    outputs: Object.fromEntries(named.map(([name, tensor]) => [`${name}_next`, tensor])),
  };
}

function slotTensor({ shape, offset, length }: ParameterSlot, flat: Float32Array): Tensor {
  return new Tensor('float32', flat.subarray(offset, offset + length), shape);
}

async function evaluate(
  model: MlpSpec,
  session: InferenceSession,
  weights: Float32Array,
  data: Dataset,
): Promise<Evaluation> {
  checkInput(model, weights, data);
  if (data.size === 0) throw badInput('there is no sample to evaluate on');
  const parameters = Object.fromEntries(parameterSlots(model).map((slot) => [slot.name, slotTensor(slot, weights)]));
  const x = new Float32Array(EVALUATION_BATCH * model.inputs);
  const logits = new Float32Array(EVALUATION_BATCH * model.classes);
  const outputName = session.outputNames[0] as string;
  let correct = 0;
  let loss = 0;
  for (let from = 0; from < data.size; from += EVALUATION_BATCH) {
    const size = Math.min(EVALUATION_BATCH, data.size - from);
    const batch = Array.from({ length: size }, (_, i) => from + i);
    fillBatch(data, batch, x);
    const feeds = { ...parameters, x: matrix(x, size, model.inputs) };
    await session.run(feeds, { [outputName]: matrix(logits, size, model.classes) });
    for (let row = 0; row < size; row++) {
      const scores = logits.subarray(row * model.classes, (row + 1) * model.classes);
      const label = data.labels[from + row] as number;
      if (indexOfLargest(scores) === label) correct++;
      loss += crossEntropy(scores, label);
    }
  }
  return { accuracy: correct / data.size, loss: loss / data.size };
}

function fillOneHot(labels: Int32Array, batch: readonly number[], classes: number, into: Float32Array): void {
  into.fill(0);
  for (const [row, sample] of batch.entries()) into[row * classes + (labels[sample] as number)] = 1;
}

function indexOfLargest(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
}

function crossEntropy(scores: Float32Array, label: number): number {
  const largest = scores[indexOfLargest(scores)] as number;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - largest);
  return Math.log(sum) + largest - (scores[label] as number);
}

function checkInput(model: MlpSpec, weights: Float32Array, data: Dataset): void {
  const wanted = parameterCount(model);
  if (weights.length !== wanted) throw badInput(`the model has ${wanted} weights, ${weights.length} were given`);
  if (data.dimension !== model.inputs) {
    throw badInput(`the model takes ${model.inputs} features, the data has ${data.dimension}`);
  }
  if (data.classes.length !== model.classes) {
    throw badInput(`the model tells ${model.classes} classes apart, the data has ${data.classes.length}`);
  }
}

function checkBatch(batchSize: number, samples: number, epochs: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > MAX_BATCH) {
    throw badInput(`a batch of ${batchSize} samples is not from 1 to ${MAX_BATCH}`);
  }
  if (samples === 0 || !Number.isInteger(epochs) || epochs < 1) {
    throw badInput(`${samples} samples and ${epochs} epochs leave nothing to learn from`);
  }
}

function badInput(message: string): MurmurError {
  return new MurmurError({ code: 'ENGINE_INPUT', message, remedy: 'build model, weights and data from one plan' });
}

function diverged(rate: number): MurmurError {
  return new MurmurError({
    code: 'ENGINE_DIVERGED',
    message: `training with a learning rate of ${rate} left the range of finite numbers`,
    remedy: 'lower the learning rate or the momentum of the plan',
    facts: { rate },
  });
}
