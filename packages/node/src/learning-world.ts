import { createTrainer, loadData, runtimeVersions } from '@murmuration/learning';
import { trainInBackground } from './adapters/background-threads.ts';
import type { DataPlaces } from './adapters/data-places.ts';
import type { LearningWorld } from './services/learning/job-context.ts';

/** The real world of learning: this runtime's names, generated digits, the user's files, and onnxruntime. */
export function createLearningWorld(places: DataPlaces): LearningWorld {
  return {
    createTrainer: async (model) => {
      const trainer = await createTrainer(model);
      trainInBackground();
      return trainer;
    },
    loadData: async (plan) => {
      const { dataset } = plan;
      const isFiles = dataset.kind === 'idx' || dataset.kind === 'csv';
      const files = isFiles ? await places.filesOf(dataset.digest) : undefined;
      return loadData(plan, { versions: runtimeVersions(), ...(files === undefined ? {} : { files }) });
    },
  };
}
