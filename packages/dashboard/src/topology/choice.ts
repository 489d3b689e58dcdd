import type { SwarmSnapshot } from '../api/views.ts';
import type { Neighbour } from './layout.ts';

/** What the map and the list share: the same device stands out in both. */
export interface Choice {
  readonly snapshot: SwarmSnapshot;
  readonly adjacent: ReadonlyMap<string, readonly Neighbour[]>;
  readonly chosen: string | null;
  readonly onChoose: (device: string | null) => void;
}
