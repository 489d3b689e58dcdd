export { type Blow, type ChaosOptions, makePeace, strike, unleashChaos } from './chaos.ts';
export { EPOCH_MS } from './clock.ts';
export type { CallbackStore } from './disk.ts';
export type { CheckedFaults, Faults } from './faults.ts';
export { type KeyValueInput, type KeyValueOutput, keyValueSpecification } from './key-value.ts';
export {
  checkLinearizable,
  History,
  type Linearizability,
  MAX_SEARCH_STEPS,
  type Operation,
  type Specification,
} from './linearizability.ts';
export type { Network } from './network.ts';
export type { Process, SimulatedNode } from './node.ts';
export { firstThatFails, type ShrinkBudget, shrinkList } from './shrink.ts';
export { createWorld, type RunOptions, type World, type WorldOptions } from './world.ts';
