import { isMurmurError } from '@murmuration/core';
import { type Blow, type Faults, makePeace, strike } from '@murmuration/simulator';
import { type Liar, liars, type PbftOptions } from '../../src/index.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';

/** All that happens in a run beside its chance: plain data, that can be printed, shrunk and played again. */
export interface Script {
  readonly seed: number;
  readonly n: number;
  /** For known-bad cases: a quorum other than the right one. */
  readonly quorum?: number;
  readonly signatures?: 'ed25519' | 'hash';
  /** By replica number: names of `liars`. */
  readonly liars: readonly (readonly [number, string])[];
  readonly twins: readonly number[];
  readonly faults: Faults;
  readonly pbft: PbftOptions;
  readonly steps: readonly Step[];
  /** Then all faults but the liars end, and every request must commit. */
  readonly peaceMs: number;
  /** The run ends here, and nothing need be committed: for failures of safety. */
  readonly stopMs?: number;
}

export type Step = Blow | { readonly kind: 'submit'; readonly at: number; readonly atMs: number };

export const SETTLE_MS = 60_000;

/** The cluster of a script, before anything has happened to it. */
export function stage(script: Omit<Script, 'steps' | 'peaceMs'>, extra: Partial<ClusterOptions> = {}): Cluster {
  const { n, seed, twins, faults, pbft, quorum, signatures = 'hash' } = script;
  return new Cluster({
    ...{ n, seed, twins, faults, pbft, signatures },
    liars: new Map(script.liars.map(([replica, name]) => [replica, liars[name] as Liar])),
    ...(quorum === undefined ? {} : { quorum }),
    ...extra,
  });
}

/** Runs a script. @throws where safety or, after the peace, liveness is broken */
export async function play(script: Script, extra: Partial<ClusterOptions> = {}): Promise<Cluster> {
  const cluster = stage(script, extra);
  const { world } = cluster;
  const requests: string[] = [];
  for (const step of script.steps) {
    world.after(step.atMs, step.kind, () => {
      if (step.kind !== 'submit') strike(world, step);
      else requests.push(cluster.submit(step.at));
    });
  }
  const { peaceMs, stopMs = Number.POSITIVE_INFINITY } = script;
  await world.run({ untilMs: Math.min(peaceMs, stopMs) });
  if (stopMs <= peaceMs) return cluster;
  beginPeace(cluster, requests);
  if (stopMs === Number.POSITIVE_INFINITY) await cluster.settle(requests, SETTLE_MS);
  else await world.run({ untilMs: stopMs });
  return cluster;
}

/** The faults end; as clients do, each request without an answer is submitted again, anywhere. */
export function beginPeace(cluster: Cluster, requests: readonly string[]): void {
  makePeace(cluster.world);
  const waiting = requests.filter((request) => !cluster.committedRequests.has(request));
  for (const request of waiting) for (const at of cluster.honest) cluster.resubmit(at, request);
}

/** What a script fails with: `kind` is the same for failures of one sort, whatever their numbers. */
export interface Fault {
  readonly kind: string;
  readonly message: string;
  readonly atMs: number;
}

/** @returns what a thrown error says, or undefined where it is none of the simulation's */
export function faultOf(error: unknown, atMs = 0): Fault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  const facts = isMurmurError(error, 'SIMULATION_FAILED') ? error.facts : {};
  const at = typeof facts.atMs === 'number' ? facts.atMs : atMs;
  const [first] = message.replace(/^seed .*? ms: /, '').split('\n');
  return { kind: (first as string).replaceAll(/\d+/g, '#'), message, atMs: at };
}

/** Plays a script. @returns how it fails, or undefined */
export async function failureOf(script: Script): Promise<Fault | undefined> {
  try {
    await play(script);
    return undefined;
  } catch (error) {
    return faultOf(error);
  }
}
