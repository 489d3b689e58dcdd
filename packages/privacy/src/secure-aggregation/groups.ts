import { checkInteger, compareBytes, utf8 } from '@murmuration/core';
import { drawOrder } from './beacon.ts';

/** A group of fewer hides nobody. */
export const MIN_GROUP_SIZE = 3;

/**
 * Splits devices into groups that nobody picks: a pure function of the beacon, the set of devices and the group size,
 * whatever their order was. Sizes differ by one at most and none is below `groupSize`; fewer devices than that form
 * no group.
 *
 * @param seed the beacon of the round, for instance the hash of the last commit certificate
 * @param groupSize at least 3
 * @returns the groups, each in the order of the ids' bytes
 * @throws OPTION_OUT_OF_RANGE
 */
export function drawGroups<Id extends string>(
  seed: Uint8Array,
  devices: readonly Id[],
  groupSize: number,
): readonly (readonly Id[])[] {
  checkInteger('group size', groupSize, MIN_GROUP_SIZE, 2 ** 20);
  const sorted = inByteOrder([...new Set(devices)]);
  const count = Math.floor(sorted.length / groupSize);
  const groups: Id[][] = Array.from({ length: count }, () => []);
  if (count === 0) return groups;
  for (const [at, index] of drawOrder(seed, 'groups', sorted.length).entries()) {
    groups[at % count]?.push(sorted[index] as Id);
  }
  return groups.map(inByteOrder);
}

/** @internal */
export function inByteOrder<Id extends string>(ids: readonly Id[]): Id[] {
  return [...ids].sort((a, b) => compareBytes(utf8(a), utf8(b)));
}
