import type { SwarmSnapshot } from '@murmuration/node';
import { milliseconds, percent, shortHash } from '../terminal/format.ts';
import { bold, dim, green, red, yellow } from '../terminal/style.ts';
import { quarantineLine } from './quarantine.ts';

const HEALTH = { healthy: green, degraded: yellow, lost: red } as const;

/** A swarm in about ten lines. */
export function statusScreen(snapshot: SwarmSnapshot): string[] {
  const { swarm, quorum, training, ledger, job, quarantines } = snapshot;
  const commit = `commit p50 ${milliseconds(ledger.commitLatencyMs.p50)}, p99 ${milliseconds(ledger.commitLatencyMs.p99)}`;
  return [
    `${bold(swarm.name)} ${dim(shortHash(swarm.id))}`,
    `  quorum    ${HEALTH[quorum.health](quorum.health)}: ${quorum.live} of ${quorum.replicas} replicas answer, ${quorum.quorum} are needed`,
    `  tolerates ${quorum.faultyTolerated} lying replicas in agreement, ${training.faultyTolerated} of ${training.participants} in training (${training.strategy})`,
    `  ledger    height ${ledger.height}, state ${shortHash(ledger.stateRoot)} on ${ledger.replicasAgreeing} replicas, ${commit}`,
    job === null
      ? `  job       none yet ${dim('(murmur train --data names)')}`
      : `  job       ${job.job}: ${job.state}, round ${job.round} of ${job.rounds}, accuracy ${percent(job.accuracy)}`,
    ...(quarantines.length === 0
      ? ['  nobody is quarantined']
      : quarantines.map((entry) => `  ${quarantineLine(entry, snapshot.devices)}`)),
  ];
}
