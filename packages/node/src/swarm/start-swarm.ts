import { systemEntropy } from '../adapters/system-entropy.ts';
import { type CreateSwarmOptions, createSwarmFolder, openSwarmFolder, swarmExists } from './folder.ts';
import { Swarm, type SwarmOptions } from './swarm.ts';

export interface StartSwarmOptions extends Omit<CreateSwarmOptions, 'nowMs'>, Omit<SwarmOptions, 'swarm'> {}

/**
 * Starts the swarm of a folder, which is made first where it is not there: homes, keys, certificates, genesis.
 * A folder that holds a swarm goes on as it was; name, size and liars are those it was made with.
 * @throws what making homes and starting devices throw
 */
export async function startSwarm(options: StartSwarmOptions): Promise<Swarm> {
  const { folder } = options;
  const swarm = swarmExists(folder)
    ? openSwarmFolder(folder)
    : createSwarmFolder(systemEntropy, { ...options, nowMs: Date.now() });
  return Swarm.start({ ...options, swarm });
}
