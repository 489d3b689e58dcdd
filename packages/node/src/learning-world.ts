import { createTrainer, loadData, runtimeVersions, type Trainer } from '@murmuration/learning';
import { collectGarbage } from './adapters/collect-garbage.ts';
import type { DataPlaces } from './adapters/data-places.ts';
import type { LearningWorld } from './services/learning/job-context.ts';

/**
 * While a device trains: onnxruntime copies every output of every step, a megabyte each time. Collected this
 * often the copies die young; left alone they cost 40 MB and several full collections a round.
 */
const COLLECT_EVERY_MS = 8;

/** The real world of learning: this runtime's names, generated digits, the user's files, and onnxruntime. */
export function createLearningWorld(places: DataPlaces): LearningWorld {
  return {
    createTrainer: async (model) => collecting(await createTrainer(model)),
    relieve: () => collectGarbage('minor'),
    loadData: async (plan) => {
      const { dataset } = plan;
      const isFiles = dataset.kind === 'idx' || dataset.kind === 'csv';
      const files = isFiles ? await places.filesOf(dataset.digest) : undefined;
      return loadData(plan, { versions: runtimeVersions(), ...(files === undefined ? {} : { files }) });
    },
  };
}

function collecting(trainer: Trainer): Trainer {
  return {
    ...trainer,
    async train(request) {
      const timer = setInterval(() => collectGarbage('minor'), COLLECT_EVERY_MS);
      try {
        return await trainer.train(request);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
