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
}

/**
 * Crashes and restarts nodes and draws partitions, symmetric and one-way, at random times until `untilMs`; then
 * everything runs, nothing is lost any more, and liveness can be asked for.
 */
export function unleashChaos(world: World, options: ChaosOptions): void {
  const names = options.names ?? world.nodes().map(({ name }) => name);
  const { untilMs, maxDown = 1, everyMs = 500, maxLengthMs = 2000 } = options;
  const random = world.random.fork('chaos');

  const strike = () => {
    if (world.nowMs() >= untilMs || options.until?.() === true) return;
    const lengthMs = random.unit() * maxLengthMs;
    const kind = random.below(3);
    if (kind === 0) crashOne(world, names, random, maxDown, Math.min(lengthMs, untilMs - world.nowMs()));
    else partitionSome(world, names, random, kind === 1, lengthMs);
    world.after(random.unit() * 2 * everyMs, 'chaos', strike);
  };
  world.after(random.unit() * everyMs, 'chaos', strike);
  world.after(Math.max(0, untilMs - world.nowMs()), 'peace', () => {
    if (options.until?.() !== true) makePeace(world);
  });
}

function crashOne(world: World, names: readonly string[], random: Random, maxDown: number, lengthMs: number): void {
  const up = names.filter((name) => world.node(name).running);
  const victim = up[random.below(Math.max(1, up.length))];
  if (victim === undefined || names.length - up.length >= maxDown) return;
  world.node(victim).crash();
  world.after(lengthMs, `reboot ${victim}`, () => {
    if (!world.node(victim).running) world.node(victim).restart();
  });
}

function partitionSome(
  world: World,
  names: readonly string[],
  random: Random,
  oneWay: boolean,
  lengthMs: number,
): void {
  const shuffled = shuffle(random, [...names]);
  const size = 1 + random.below(Math.max(1, shuffled.length - 1));
  world.network.partition(shuffled.slice(0, size), shuffled.slice(size), { oneWay });
  world.after(lengthMs, 'heal', () => world.network.heal());
}

/** All nodes run, all links carry, nothing is lost, doubled or overtaken. */
export function makePeace(world: World): void {
  world.setFaults({ loss: 0, duplication: 0, reordering: 0 });
  world.network.heal();
  for (const node of world.nodes()) if (!node.running) node.restart();
}
