import { type Random, shuffle } from '@murmuration/core';
import type { World } from './world.ts';

export interface ChaosOptions {
  /** Chaos ends, and everything is healed, at this virtual time. */
  readonly untilMs: number;
  /** Ends the blows earlier, once it says so; healing is then the caller's, by `makePeace`. */
  readonly until?: () => boolean;
  /** Who may be crashed and cut off. @default all nodes */
  readonly names?: readonly string[];
  /** At most this many of them are down at once. @default 1 */
  readonly maxDown?: number;
  /** Mean time between two blows. @default 500 */
  readonly everyMs?: number;
  /** A crash or partition lasts up to this long. @default 2000 */
  readonly maxLengthMs?: number;
  /** Told of each blow as it falls, so that `strike` can repeat it. */
  readonly onBlow?: (blow: Blow) => void;
}

/** One thing that goes wrong, and how long it lasts. Plain data: survives JSON. */
export type Blow =
  /** A record of those under `prefix` rots on the disk, and the node restarts. */
  | {
      readonly kind: 'rot';
      readonly name: string;
      readonly prefix: string;
      readonly atMs: number;
      readonly lengthMs: number;
    }
  | { readonly kind: 'crash'; readonly name: string; readonly atMs: number; readonly lengthMs: number }
  | {
      readonly kind: 'partition';
      /** Nobody hears anybody of another side; one way: no later side hears an earlier one. */
      readonly sides: readonly (readonly string[])[];
      readonly oneWay: boolean;
      readonly atMs: number;
      readonly lengthMs: number;
    };

/**
 * Crashes and restarts nodes and draws partitions, symmetric and one-way, at random times until `untilMs`; then
 * everything runs, nothing is lost any more, and liveness can be asked for.
 */
export function unleashChaos(world: World, options: ChaosOptions): void {
  const names = options.names ?? world.nodes().map(({ name }) => name);
  const { untilMs, maxDown = 1, everyMs = 500, maxLengthMs = 2000 } = options;
  const random = world.random.fork('chaos');

  const next = () => {
    if (world.nowMs() >= untilMs || options.until?.() === true) return;
    const lengthMs = random.unit() * maxLengthMs;
    const kind = random.below(3);
    const blow =
      kind === 0
        ? drawCrash(world, names, random, maxDown, Math.min(lengthMs, untilMs - world.nowMs()))
        : drawPartition(world, names, random, kind === 1, lengthMs);
    if (blow !== undefined) {
      options.onBlow?.(blow);
      strike(world, blow);
    }
    world.after(random.unit() * 2 * everyMs, 'chaos', next);
  };
  world.after(random.unit() * everyMs, 'chaos', next);
  world.after(Math.max(0, untilMs - world.nowMs()), 'peace', () => {
    if (options.until?.() !== true) makePeace(world);
  });
}

function drawCrash(
  world: World,
  names: readonly string[],
  random: Random,
  maxDown: number,
  lengthMs: number,
): Blow | undefined {
  const up = names.filter((name) => world.node(name).running);
  const name = up[random.below(Math.max(1, up.length))];
  if (name === undefined || names.length - up.length >= maxDown) return undefined;
  return { kind: 'crash', name, atMs: world.nowMs(), lengthMs };
}

function drawPartition(
  world: World,
  names: readonly string[],
  random: Random,
  oneWay: boolean,
  lengthMs: number,
): Blow {
  const shuffled = shuffle(random, [...names]);
  const size = 1 + random.below(Math.max(1, shuffled.length - 1));
  const sides = [shuffled.slice(0, size), shuffled.slice(size)];
  return { kind: 'partition', sides, oneWay, atMs: world.nowMs(), lengthMs };
}

/** Lets a blow fall now. A partition's end heals all links. */
export function strike(world: World, blow: Blow): void {
  if (blow.kind !== 'partition') {
    const { name } = blow;
    if (blow.kind === 'rot') world.node(name).rot(blow.prefix);
    if (!world.node(name).running) return;
    world.node(name).crash();
    world.after(blow.lengthMs, `reboot ${name}`, () => {
      if (!world.node(name).running) world.node(name).restart();
    });
    return;
  }
  for (const [i, from] of blow.sides.entries()) {
    for (const to of blow.sides.slice(i + 1)) world.network.partition(from, to, { oneWay: blow.oneWay });
  }
  world.after(blow.lengthMs, 'heal', () => world.network.heal());
}

/** All nodes run, all links carry, nothing is lost, doubled or overtaken. */
export function makePeace(world: World): void {
  world.setFaults({ loss: 0, duplication: 0, reordering: 0 });
  world.network.heal();
  for (const node of world.nodes()) if (!node.running) node.restart();
}
