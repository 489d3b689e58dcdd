import { MurmurError, seededRandom } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { checkSameLength } from '@murmuration/kernels';
import { parameterCount, parameterSlots } from '../engine/mlp.ts';
import { modelSpec, type TrainingPlan } from './plan.ts';

/**
 * The model that a job starts from: matrices uniform in ±√(6 / (in + out)) (Glorot and Bengio 2010), biases
 * zero. Seeded, with + × ÷ √ only: equal bits on every machine.
 */
export function initialModel(plan: TrainingPlan): Float32Array {
  const spec = modelSpec(plan);
  const random = seededRandom(`model/${plan.seed}`);
  const weights = new Float32Array(parameterCount(spec));
  for (const { shape, offset, length } of parameterSlots(spec)) {
    const [rows, columns] = shape;
    if (rows === undefined || columns === undefined) continue;
    const limit = Math.sqrt(6 / (rows + columns));
    for (let i = offset; i < offset + length; i++) weights[i] = (2 * random.unit() - 1) * limit;
  }
  return weights;
}

/** SHA3-256 of the weights as little-endian float32, 32 bytes. What replicas agree on. */
export function modelHash(weights: Float32Array): Uint8Array {
  return sha3_256(modelBytes(weights));
}

/** The weights as little-endian float32. */
export function modelBytes(weights: Float32Array): Uint8Array {
  const bytes = new Uint8Array(weights.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < weights.length; i++) view.setFloat32(4 * i, weights[i] as number, true);
  return bytes;
}

/** The inverse of `modelBytes`. @throws MODEL_BYTES where they are not those of a model of this plan */
export function modelFromBytes(plan: TrainingPlan, bytes: Uint8Array): Float32Array {
  const wanted = parameterCount(modelSpec(plan));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = new Float32Array(wanted);
  const fits = bytes.length === wanted * 4;
  if (fits) for (let i = 0; i < wanted; i++) weights[i] = view.getFloat32(4 * i, true);
  if (fits && weights.every(Number.isFinite)) return weights;
  throw new MurmurError({
    code: 'MODEL_BYTES',
    message: `${bytes.length} bytes are not the ${wanted} finite weights of this plan's model`,
    remedy: 'fetch the model again, from the job that the plan belongs to',
    facts: { bytes: bytes.length, wanted: wanted * 4 },
  });
}

/** model + serverLearningRate · aggregate, rounded once to float32. Pure and deterministic. @throws KERNEL_SHAPE */
export function applyAggregate(model: Float32Array, aggregate: Float32Array, plan: TrainingPlan): Float32Array {
  checkSameLength('applyAggregate', model.length, aggregate.length);
  const rate = plan.serverLearningRate;
  return model.map((weight, i) => weight + rate * (aggregate[i] as number));
}
