import { OUTLIER_ROUNDS } from '../limits.ts';
import { poisonedUpdatesBundle } from '../quarantine/build-bundle.ts';
import { isQuarantined, quarantineDevice } from '../quarantine/quarantine.ts';
import { decidersOf } from '../replicas/epochs.ts';
import type { Turn } from '../turn.ts';
import { type RoundEntry, type RoundName, roundKey } from './schema.ts';

/** Notes the outliers of a finalised round; the second such round quarantines the device. */
export function strikeOutliers(turn: Turn, entry: RoundEntry): void {
  for (const { device, outlier } of entry.verdicts) {
    if (!outlier || isQuarantined(turn.state, device)) continue;
    const noted = turn.state.outliers.get(device)?.rounds ?? [];
    const earlier = noted.filter((name) => isStillProved(turn, name));
    const rounds = [...earlier, { job: entry.job, round: entry.round }];
    if (rounds.length < OUTLIER_ROUNDS) {
      turn.state.outliers.set(device, { device, rounds });
      continue;
    }
    quarantineDevice(turn, poisonedUpdatesBundle(turn, device, rounds), null);
    turn.state.outliers.delete(device);
  }
}

/** Whether it is known who decided that round: after 256 changes of the replicas it is not, and the strike is void. */
function isStillProved(turn: Turn, { job, round }: RoundName): boolean {
  const entry = turn.state.rounds.get(roundKey(job, round));
  return entry !== undefined && decidersOf(turn, entry) !== undefined;
}
