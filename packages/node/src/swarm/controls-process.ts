import { enableCompileCache } from 'node:module';
import { setPriority } from 'node:os';
import { assert, memoryStore } from '@murmuration/core';
import type { Controls, ControlsRequest } from './controls.ts';

enableCompileCache();
// Whatever the devices leave of the machine is enough.
setPriority(19);
process.on('disconnect', () => process.exit(0));

const request = JSON.parse(process.argv[2] ?? '{}') as ControlsRequest;
const { runFederated } = await import('@murmuration/learning');
const { DataPlaces } = await import('../adapters/data-places.ts');
const { createLearningWorld } = await import('../learning-world.ts');
const { planOf } = await import('../plan-job.ts');

const places = new DataPlaces(memoryStore());
const plan = await planOf(request.job, places);
assert(plan.ok, 'the swarm took the same request');
const dataset = await createLearningWorld(places).loadData(plan.value);
const { clients, liars } = request;
const shared = { plan: plan.value, dataset, clients, rounds: request.job.rounds, evaluateEvery: request.job.rounds };
const withoutLiars = await runFederated(shared);
const plainMean = await runFederated({ ...shared, liars, strategy: 'mean' });
const controls: Controls = {
  accuracyNoLiars: withoutLiars.accuracy,
  accuracyPlainMean: plainMean.accuracy,
  majorityBaseline: dataset.manifest.majorityBaseline,
};
process.send?.(controls, undefined, {}, () => process.exit(0));
