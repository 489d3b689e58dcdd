import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Swarm, SwarmSummary } from '@murmuration/node';
import type { Run } from './runs.ts';

/**
 * Keeps the bundle behind each quarantine beside the run, so that it can be verified with the swarm gone.
 * @returns the file of each piece of evidence, by its id
 */
export async function keepEvidence(
  run: Run,
  swarm: Swarm,
  summary: SwarmSummary,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const folder = path.join(run.folder, 'evidence');
  for (const { evidenceId } of summary.quarantined) {
    const bundle = evidenceId === null ? undefined : await swarm.evidenceBundle(evidenceId);
    if (evidenceId === null || bundle === undefined) continue;
    const file = path.join(folder, `${evidenceId}.murmur`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, bundle);
    files.set(evidenceId, file);
  }
  return files;
}
