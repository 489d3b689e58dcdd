import { drawOrder } from './beacon.ts';

/** Who masks with whom. Members are numbers: places in the plan's list. */
export interface MaskGraph {
  /** In ascending order, without the member itself. */
  neighbours(member: number): readonly number[];
  /** The member and its neighbours, ascending: the holders 1, 2, … of its secrets. */
  holders(member: number): readonly number[];
  areNeighbours(a: number, b: number): boolean;
  /** Whether `a` makes the ciphertext of the pair; for each pair one of both does, each member for half of its pairs. */
  initiates(a: number, b: number): boolean;
}

/**
 * A Harary graph on a ring that the beacon shuffles: each member's neighbours are the `degree` nearest on the ring
 * (Bell et al. 2020 §3). Complete where `degree` is `size` − 1.
 *
 * @param degree even, or size − 1
 */
export function createMaskGraph(seed: Uint8Array, size: number, degree: number): MaskGraph {
  const order = drawOrder(seed, 'ring', size);
  const placeOf = new Int32Array(size);
  for (const [place, member] of order.entries()) placeOf[member] = place;
  const complete = degree === size - 1;
  const reach = complete ? size : degree / 2;
  /** Steps from a to b, up the ring. */
  const steps = (a: number, b: number) => ((placeOf[b] as number) - (placeOf[a] as number) + size) % size;
  const areNeighbours = (a: number, b: number) => {
    const up = steps(a, b);
    return a !== b && (complete || up <= reach || size - up <= reach);
  };
  const near = (member: number): number[] => {
    if (complete) return Array.from({ length: size }, (_, i) => i).filter((other) => other !== member);
    const place = placeOf[member] as number;
    const found: number[] = [];
    for (let step = 1; step <= reach; step++) {
      found.push(order[(place + step) % size] as number, order[(place - step + size) % size] as number);
    }
    return ascending(found);
  };
  const neighbours = remembered(size, near);
  return {
    areNeighbours,
    neighbours,
    holders: remembered(size, (member) => ascending([...neighbours(member), member])),
    initiates: (a, b) => {
      const up = steps(a, b);
      return up * 2 === size ? a < b : up * 2 < size;
    },
  };
}

function ascending(members: number[]): number[] {
  return members.sort((a, b) => a - b);
}

/** Asked for again and again by the server, which sees every member. */
function remembered(size: number, find: (member: number) => readonly number[]): (member: number) => readonly number[] {
  const known: (readonly number[] | undefined)[] = Array.from({ length: size });
  return (member) => {
    const found = known[member] ?? find(member);
    known[member] = found;
    return found;
  };
}
