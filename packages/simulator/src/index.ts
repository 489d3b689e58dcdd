export { type ChaosOptions, makePeace, unleashChaos } from './chaos.ts';
export { EPOCH_MS } from './clock.ts';
export type { CallbackStore } from './disk.ts';
export type { CheckedFaults, Faults } from './faults.ts';
export type { Network } from './network.ts';
export type { Process, SimulatedNode } from './node.ts';
export { createWorld, type RunOptions, type World, type WorldOptions } from './world.ts';
