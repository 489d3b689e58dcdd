import type { RangeItem } from '../bulletproofs/range.ts';
import { type Point, scalars } from '../group/group.ts';
import { type Opening, VALUE_BASE } from '../group/pedersen.ts';

/** "The committed number is at least `min` and at most `max`." */
export function between(point: Point, min: bigint, max: bigint, opening?: Opening): RangeItem {
  const commitment = [
    { scalar: 1n, point },
    { scalar: scalars.neg(scalars.create(min)), point: VALUE_BASE },
  ];
  const item = { commitment, max: max - min };
  if (opening === undefined) return item;
  return { ...item, opening: { value: scalars.sub(opening.value, min), blinding: opening.blinding } };
}
