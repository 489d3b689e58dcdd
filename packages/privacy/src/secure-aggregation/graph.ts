import { drawOrder } from './beacon.ts';

/** Who masks with whom. Members are numbers: places in the plan's list. */
export interface MaskGraph {
  /** In ascending order, without the member itself. */
  neighbours(member: number): readonly number[];
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
  return {
    areNeighbours,
    neighbours: (member) => {
      if (complete) return Array.from({ length: size }, (_, i) => i).filter((other) => other !== member);
      const place = placeOf[member] as number;
      const near: number[] = [];
      for (let step = 1; step <= reach; step++) {
        near.push(order[(place + step) % size] as number, order[(place - step + size) % size] as number);
      }
      return near.sort((a, b) => a - b);
    },
    initiates: (a, b) => {
      const up = steps(a, b);
      return up * 2 === size ? a < b : up * 2 < size;
    },
  };
}
