import type { SwarmSnapshot, SwarmSummary } from '@murmuration/node';
import { deviceName } from '../screens/quarantine.ts';
import { milliseconds, percent, seconds, shortHash } from '../terminal/format.ts';
import { bold, dim, green, heading, red } from '../terminal/style.ts';
import { pad } from '../terminal/table.ts';

/**
 * What the training came to, beside what it would have been otherwise.
 * @param evidence file of each piece, by its id
 */
export function summaryScreen(
  summary: SwarmSummary,
  snapshot: SwarmSnapshot,
  evidence: ReadonlyMap<string, string>,
): string[] {
  const { ledger, commitLatencyMs, rssMbPerDevice } = summary;
  return [
    '',
    `  ${heading('Accuracy on the held-back data')}`,
    bar('this swarm, liars included', summary.accuracy, true),
    bar('the same without liars', summary.accuracyNoLiars),
    bar('the same liars, plain mean', summary.accuracyPlainMean),
    bar('always the largest class', summary.majorityBaseline),
    '',
    `  ${heading('Liars')}`,
    ...quarantines(summary, snapshot, evidence),
    '',
    `  ${heading('Ledger')}`,
    `  height ${ledger.height}, state ${shortHash(ledger.stateRoot)} on ${ledger.replicasAgreeing} replicas; commit p50 ${milliseconds(commitLatencyMs.p50)}, p99 ${milliseconds(commitLatencyMs.p99)}`,
    `  ${summary.rounds} rounds in ${seconds(summary.secondsTotal)}, the first after ${seconds(summary.secondsToFirstRound)}; ${Math.round(rssMbPerDevice.median)} MB a device (at most ${Math.round(rssMbPerDevice.max)})`,
    dim(
      `  Agreement tolerates ${snapshot.quorum.faultyTolerated} liars of ${snapshot.quorum.replicas}; training with ${snapshot.training.strategy} ${snapshot.training.faultyTolerated} of ${snapshot.training.participants}. Keys are kept in software.`,
    ),
  ];
}

const BAR_CHARS = 30;

function bar(what: string, value: number | null, strong = false): string {
  const filled = Math.round(BAR_CHARS * (value ?? 0));
  const drawn = '█'.repeat(filled) + dim('░'.repeat(BAR_CHARS - filled));
  const label = pad(what, 28);
  return `  ${strong ? bold(label) : label} ${drawn} ${pad(percent(value), 7, 'right')}`;
}

function quarantines(
  { quarantined, wronglyQuarantined }: SwarmSummary,
  snapshot: SwarmSnapshot,
  evidence: ReadonlyMap<string, string>,
): string[] {
  if (quarantined.length === 0) return ['  nobody was quarantined'];
  return [
    ...quarantined.flatMap(({ device, behaviour, reason, evidenceId, detectionMs }) => [
      `  ${red('✗')} ${deviceName(device, snapshot.devices)} ${dim(`planted: ${behaviour ?? 'nothing'}`)}`,
      `    quarantined for ${reason}${detectionMs === null ? '' : `, ${milliseconds(detectionMs)} after its lie`}`,
      ...verifyHint(evidence.get(evidenceId ?? '')),
    ]),
    wronglyQuarantined === 0
      ? `  ${green('✓')} no honest device was accused`
      : `  ${red(`✗ ${wronglyQuarantined} honest devices were accused`)}`,
  ];
}

function verifyHint(file: string | undefined): string[] {
  return file === undefined ? [] : [`    ${dim('verify offline:')} npm run murmur -- evidence verify ${file}`];
}
