import { seededRandom } from '@murmuration/core';
import {
  createTrainer,
  type Dataset,
  defaultPlan,
  fillBatch,
  initialModel,
  loadData,
  modelSpec,
  parameterSlots,
  type Trainer,
  type TrainingPlan,
  trainingModel,
} from '@murmuration/learning';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Row } from '../rows.ts';

export const name = 'learning';

const REPETITIONS = 9;
/** Samples that one repetition learns from: about a fifth of a second. */
const SAMPLES = 9600;

/** Samples a second through the Trainer (spreading out features, batching, copying weights) over those of the bare graph. */
export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const kind of ['names', 'digits'] as const) {
    const plan = defaultPlan(kind);
    const { train } = loadData(plan);
    await using trainer = await createTrainer(modelSpec(plan));
    const bare = await openBare(plan, train);
    const speeds: { trainer: number; bare: number }[] = [];
    for (let i = 0; i < REPETITIONS; i++) {
      // Turn about, so that another load on the machine meets both.
      speeds.push({
        bare: await samplesPerSecond(bare.run),
        trainer: await samplesPerSecond(throughTrainer(trainer, plan, train)),
      });
    }
    await bare.close();
    const ratio = median(speeds.map((speed) => speed.trainer / speed.bare));
    const ours = median(speeds.map((speed) => speed.trainer));
    const limit = median(speeds.map((speed) => speed.bare));
    const { inputs, hidden, classes } = modelSpec(plan);
    rows.push({
      what: `local training, ${kind} ${inputs}-${hidden}-${classes}, batch ${plan.batchSize}, ${Math.round(ours)} samples/s`,
      value: ratio,
      unit: 'ratio',
      against: `the same graph bare, ${Math.round(limit)} samples/s, median of ${REPETITIONS} pairs`,
      bar: '≥ 0.60',
      holds: ratio >= 0.6,
    });
  }
  return rows;
}

async function samplesPerSecond(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (SAMPLES * 1000) / (performance.now() - startedMs);
}

function throughTrainer(trainer: Trainer, plan: TrainingPlan, data: Dataset): () => Promise<void> {
  const random = seededRandom('bench');
  const indices = Array.from({ length: SAMPLES }, (_, i) => i % data.size);
  const { batchSize, learningRate, momentum } = plan;
  const weights = initialModel(plan);
  return async () => {
    await trainer.train({ weights, data, indices, epochs: 1, batchSize, learningRate, momentum, random });
  };
}

/**
 * onnxruntime as it comes (its arena on), one thread, one batch that is ready, outputs into memory that is
 * ready and is the next step's input: nothing but the graph.
 */
async function openBare(plan: TrainingPlan, data: Dataset) {
  const { inputs, classes } = modelSpec(plan);
  const session = await InferenceSession.create(trainingModel(modelSpec(plan)), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const x = new Float32Array(plan.batchSize * inputs);
  const batch = Array.from({ length: plan.batchSize }, (_, i) => i);
  fillBatch(data, batch, x);
  const y = new Float32Array(plan.batchSize * classes);
  for (const row of batch) y[row * classes + (data.labels[row] as number)] = 1;
  const fixed = {
    x: new Tensor('float32', x, [plan.batchSize, inputs]),
    y: new Tensor('float32', y, [plan.batchSize, classes]),
    rate: new Tensor('float32', Float32Array.of(plan.learningRate), []),
    momentum: new Tensor('float32', Float32Array.of(plan.momentum), []),
  };
  const sides = [tensors(plan), tensors(plan)] as const;
  const loss = { [session.outputNames[0] as string]: new Tensor('float32', new Float32Array(1), []) };
  const steps = SAMPLES / plan.batchSize;
  return {
    run: async () => {
      for (let step = 0; step < steps; step++) {
        const from = sides[step % 2 === 0 ? 0 : 1];
        const to = sides[step % 2 === 0 ? 1 : 0];
        const next = Object.fromEntries(Object.entries(to).map(([key, tensor]) => [`${key}_next`, tensor]));
        await session.run({ ...from, ...fixed }, { ...next, ...loss });
      }
    },
    close: () => session.release(),
  };
}

function tensors(plan: TrainingPlan): Record<string, Tensor> {
  const weights = initialModel(plan);
  return Object.fromEntries(
    parameterSlots(modelSpec(plan)).flatMap(({ name: slot, shape, offset, length }) => [
      [slot, new Tensor('float32', weights.slice(offset, offset + length), shape)],
      [`${slot}_velocity`, new Tensor('float32', new Float32Array(length), shape)],
    ]),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
