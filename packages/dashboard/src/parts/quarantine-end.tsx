import { duration } from '../format/time.ts';
import { Tag } from './tag.tsx';
import { useNow } from './use-now.ts';

/** How long a quarantine still lasts; null is a ban. Ledger time decides, this clock only counts down. */
export function QuarantineEnd({ untilMs }: { readonly untilMs: number | null }) {
  const nowMs = useNow();
  if (untilMs === null) return <Tag tone="bad">Banned</Tag>;
  if (untilMs <= nowMs) return <Tag tone="idle">Term over</Tag>;
  return <Tag tone="bad">{duration(untilMs - nowMs)} left</Tag>;
}
