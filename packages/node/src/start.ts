import { memoryStore } from '@murmuration/core';
import type { RunningDevice, StartDeviceOptions } from './device.ts';
import type { Controls, runControls as Runner } from './swarm/controls.ts';
import type { StartSwarmOptions } from './swarm/start-swarm.ts';
import type { Swarm } from './swarm/swarm.ts';

/** `startDevice` of device.ts, loaded when it is called: a command that only reads never loads a network. */
export async function startDevice(options: StartDeviceOptions): Promise<RunningDevice> {
  const device = await import('./device.ts');
  return device.startDevice(options);
}

/** `startSwarm` of swarm/start-swarm.ts, loaded when it is called. */
export async function startSwarm(options: StartSwarmOptions): Promise<Swarm> {
  const swarm = await import('./swarm/start-swarm.ts');
  return swarm.startSwarm(options);
}

/** `runControls` of swarm/controls.ts, loaded when it is called. */
export async function runControls(...given: Parameters<typeof Runner>): Promise<Controls> {
  const controls = await import('./swarm/controls.ts');
  return controls.runControls(...given);
}

/**
 * Reads the data of a job as a device would: to find out before anything is started.
 * @throws DATA_SOURCE_UNKNOWN, DATA_UNREADABLE, and what the parsers of learning throw, naming row and column
 */
export async function checkData(data: string): Promise<void> {
  if (data === 'names' || data === 'digits') return;
  const { DataPlaces } = await import('./adapters/data-places.ts');
  await new DataPlaces(memoryStore()).place(data);
}

/** Loads onnxruntime and says which it is: what `murmur doctor` asks. @throws where it cannot be loaded */
export async function trainingEngine(): Promise<string> {
  const { createTrainer } = await import('@murmuration/learning');
  await using trainer = await createTrainer({ inputs: 2, hidden: 1, classes: 2 });
  return `onnxruntime runs a model of ${trainer.model.inputs} inputs`;
}
