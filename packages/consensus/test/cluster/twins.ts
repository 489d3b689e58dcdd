import { type Random, seededRandom, shuffle } from '@murmuration/core';
import type { Blow } from '@murmuration/simulator';
import { maxFaulty } from '../../src/index.ts';
import { twinName } from './cluster.ts';
import type { Script, Step } from './script.ts';

export interface TwinsOptions {
  readonly seed: number;
  readonly n?: number;
  /** Replicas that run twice. @default from 1 to f, drawn */
  readonly twins?: readonly number[];
  readonly rounds?: number;
  readonly quorum?: number;
}

const PROGRESS_TIMEOUT_MS = 200;
/** Long enough for a view change within a round, or short enough to cut one in half. */
const MAX_ROUND_MS = 900;
const MIN_ROUND_MS = 60;
const REQUEST_EVERY_MS = 40;

/**
 * A scenario of Twins from its seed: some replicas run in two copies, each unmodified, with one key between them
 * and a disk and a memory each; in each round the machines are parted anew. The two copies in different parts make
 * every attack that needs two faces: equivocation, double votes, and, where a copy starts late or crashes, lost
 * memory. Leaders follow from the views, so which of them run twice is drawn instead.
 * @see Bano et al., Twins: BFT Systems Made Robust (OPODIS 2021)
 */
export function twinsScript(options: TwinsOptions): Script {
  const { seed, n = 4, rounds = 6 } = options;
  const random = seededRandom(`twins ${seed}`);
  const twins = options.twins ?? drawTwins(random, n);
  const machines = [...Array.from({ length: n }, (_, i) => `replica${i}`), ...twins.map(twinName)];
  const steps: Step[] = [];
  for (const twin of twins) if (random.below(3) === 0) steps.push(late(twinName(twin), random));
  let atMs = 5;
  for (let round = 0; round < rounds; round++) {
    const lengthMs = MIN_ROUND_MS + random.below(MAX_ROUND_MS - MIN_ROUND_MS);
    if (random.below(5) > 0) steps.push(parted(machines, random, atMs, lengthMs - 1));
    const one = twins[random.below(twins.length)] as number;
    if (random.below(6) === 0)
      steps.push({ kind: 'crash', name: twinName(one), atMs: atMs + 1, lengthMs: lengthMs / 2 });
    for (let at = atMs; at < atMs + lengthMs; at += REQUEST_EVERY_MS) {
      steps.push({ kind: 'submit', at: honest(n, twins, random), atMs: at + random.below(REQUEST_EVERY_MS) });
    }
    atMs += lengthMs;
  }
  return {
    ...{ seed, n, twins, steps, liars: [], faults: { maxSkewMs: 50 }, peaceMs: atMs + 10 },
    pbft: { progressTimeoutMs: PROGRESS_TIMEOUT_MS, checkpointInterval: 4 << random.below(4) },
    ...(options.quorum === undefined ? {} : { quorum: options.quorum }),
  };
}

function drawTwins(random: Random, n: number): number[] {
  const all = Array.from({ length: n }, (_, i) => i);
  return shuffle(random, all).slice(0, 1 + random.below(maxFaulty(n)));
}

/** A second copy that starts while the first has long voted: it remembers nothing of that. */
function late(name: string, random: Random): Blow {
  return { kind: 'crash', name, atMs: 0, lengthMs: random.below(2000) };
}

/** Two parts, or three. */
function parted(machines: readonly string[], random: Random, atMs: number, lengthMs: number): Blow {
  const sides = Array.from({ length: 2 + Number(random.below(4) === 0) }, (): string[] => []);
  for (const machine of machines) sides[random.below(sides.length)]?.push(machine);
  return { kind: 'partition', sides, oneWay: random.below(6) === 0, atMs, lengthMs };
}

function honest(n: number, twins: readonly number[], random: Random): number {
  const others = Array.from({ length: n }, (_, i) => i).filter((i) => !twins.includes(i));
  return others[random.below(others.length)] as number;
}
