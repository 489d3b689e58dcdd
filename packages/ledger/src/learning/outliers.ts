import { OUTLIER_ROUNDS } from '../limits.ts';
import { poisonedUpdatesBundle } from '../quarantine/build-bundle.ts';
import { isQuarantined, quarantineDevice } from '../quarantine/quarantine.ts';
import type { Turn } from '../turn.ts';
import type { RoundEntry } from './schema.ts';

/** Notes the outliers of a finalised round; the second such round quarantines the device. */
export function strikeOutliers(turn: Turn, entry: RoundEntry): void {
  for (const { device, outlier } of entry.verdicts) {
    if (!outlier || isQuarantined(turn.state, device)) continue;
    const earlier = turn.state.outliers.get(device)?.rounds ?? [];
    const rounds = [...earlier, { job: entry.job, round: entry.round }];
    if (rounds.length < OUTLIER_ROUNDS) {
      turn.state.outliers.set(device, { device, rounds });
      continue;
    }
    quarantineDevice(turn, poisonedUpdatesBundle(turn, device, rounds), null);
    turn.state.outliers.delete(device);
  }
}
