import { MurmurError } from '@murmuration/core';
import { InferenceSession } from 'onnxruntime-node';
import { type OnnxGraph, writeOnnxModel } from './onnx.ts';

/**
 * One thread: measured faster than two for a client of its own (two: 0.4 of the speed). No memory pattern
 * and no arena: they keep freed blocks, and seven devices share one machine.
 */
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: 3,
};

/**
 * onnxruntime 1.30 for Linux and macOS reports each session to its maker and keeps a data base in the user's cache
 * folder, unless told not to before the first session. No device of a swarm speaks to anybody behind its owner.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';

/** @throws ENGINE_UNAVAILABLE where the runtime does not load on this platform or refuses the graph */
export async function openSession(graph: OnnxGraph): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(writeOnnxModel(graph), OPTIONS);
  } catch (cause) {
    throw new MurmurError({
      code: 'ENGINE_UNAVAILABLE',
      message: `the training engine did not start: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: 'install onnxruntime-node for this platform (npm ci), and use 64-bit Linux, macOS or Windows',
      cause,
    });
  }
}
