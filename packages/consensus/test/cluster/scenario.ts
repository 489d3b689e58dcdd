import { seededRandom, shuffle } from '@murmuration/core';
import { type Faults, unleashChaos } from '@murmuration/simulator';
import { type Liar, maxFaulty } from '../../src/index.ts';
import type { Cluster } from './cluster.ts';
import { type ClusterProtocol, PBFT } from './protocol.ts';
import { beginPeace, type Script, SETTLE_MS, type Step, stage } from './script.ts';

export interface ScenarioOptions {
  readonly seed: number;
  /** @default 7 */
  readonly n?: number;
  /** @default PBFT */
  readonly protocol?: ClusterProtocol;
  /** Liars planted; the rest of the f faults are crashes. @default f, of kinds that the seed draws */
  readonly liars?: readonly string[];
  /** Chaos ends after this. @default 20_000 */
  readonly chaosMs?: number;
  /** Or once so many blocks are committed. @default as many as there are */
  readonly blocks?: number;
  /** Mean time between two requests. @default 25 */
  readonly requestEveryMs?: number;
  readonly signatures?: 'ed25519' | 'hash';
  readonly quorum?: number;
  readonly replay?: string;
  /** Given what happens, as it happens: where the run fails, a script to play it again by is made of it. */
  readonly recording?: Recording;
}

/** What a run was, so far. */
export class Recording {
  readonly steps: Step[] = [];
  setting: Omit<Script, 'steps' | 'peaceMs'> | undefined;
  /** When the peace began. */
  peaceMs = 0;

  script(): Script | undefined {
    const { setting, steps, peaceMs } = this;
    return setting === undefined ? undefined : { ...setting, steps: [...steps], peaceMs };
  }
}

export interface ScenarioResult {
  readonly cluster: Cluster;
  readonly requests: readonly string[];
}

/** Clients wait while this many requests have no answer. */
const MAX_OUTSTANDING = 64;
/** No new requests come in this long before chaos ends. */
const QUIET_MS = 500;

/**
 * One seed: work comes in while messages are lost, doubled and overtaken, partitions come and go, replicas crash
 * and f lie. Safety is checked after every event. Then the faults end, the liars stay, and every request commits.
 */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { seed, n = 7, chaosMs = 20_000 } = options;
  const random = seededRandom(`scenario ${seed}`);
  const planted = plant(options, n, random);
  const setting = {
    ...{ seed, n, liars: planted, twins: [], signatures: options.signatures ?? 'hash' },
    pbft: { checkpointInterval: 8 << random.below(4) },
    faults: {
      loss: random.below(3) * 0.03,
      duplication: 0.02,
      reordering: random.below(2) * 0.1,
      ...clocksAndDisks(seed),
    },
    ...(options.quorum === undefined ? {} : { quorum: options.quorum }),
  };
  const recording = options.recording ?? new Recording();
  recording.setting = setting;
  recording.peaceMs = chaosMs;
  const { protocol = PBFT, replay } = options;
  const cluster = stage(setting, {
    protocol,
    liars: new Map(planted.map(([replica, name]) => [replica, protocol.liars[name] as Liar])),
    ...(replay === undefined ? {} : { replay }),
  });
  const { world } = cluster;
  const maxDown = maxFaulty(n) - planted.length;
  const blocks = options.blocks ?? Number.POSITIVE_INFINITY;
  const over = () => cluster.decided.size >= blocks || world.nowMs() >= chaosMs - QUIET_MS;
  const until = () => cluster.decided.size >= blocks;
  const chaos = { untilMs: chaosMs, until, maxDown, everyMs: 1000 + random.below(3000), maxLengthMs: 1500 };
  unleashChaos(world, { ...chaos, onBlow: (blow) => recording.steps.push(blow) });
  const requests = load(cluster, over, options.requestEveryMs ?? 25, recording);
  await world.run({ untilMs: chaosMs, until });
  recording.peaceMs = world.nowMs();
  beginPeace(cluster, requests);
  await cluster.settle(requests, SETTLE_MS);
  return { cluster, requests };
}

function plant(
  { liars: named, protocol: { liars } = PBFT }: ScenarioOptions,
  n: number,
  random: ReturnType<typeof seededRandom>,
): [number, string][] {
  const all = Object.keys(liars);
  const f = maxFaulty(n);
  const names =
    named ?? Array.from({ length: random.below(4) === 0 ? 0 : f }, () => all[random.below(all.length)] as string);
  const places = shuffle(
    random,
    Array.from({ length: n }, (_, replica) => replica),
  );
  return names.map((name, i) => [places[i] as number, name]);
}

/** Clocks that are off; in every third seed they also run up to 5 % fast or slow, and disks tear what they write. */
function clocksAndDisks(seed: number): Faults {
  return { maxSkewMs: 500, ...(seed % 3 === 0 ? { maxDriftPpm: 50_000, tornWrites: 0.5, maxSyncMs: 10 } : {}) };
}

/** Requests come in at random honest replicas until it is `over`. */
function load(cluster: Cluster, over: () => boolean, everyMs: number, { steps }: Recording): string[] {
  const { world } = cluster;
  const requests: string[] = [];
  const random = world.random.fork('load');
  const next = () => {
    if (over()) return;
    if (requests.length - cluster.committedRequests.size > MAX_OUTSTANDING) {
      world.after(everyMs, 'request', next);
      return;
    }
    const up = cluster.honest.filter((self) => cluster.nodes[self]?.running);
    const at = up[random.below(Math.max(1, up.length))];
    if (at !== undefined) {
      requests.push(cluster.submit(at));
      steps.push({ kind: 'submit', at, atMs: world.nowMs() });
    }
    world.after(random.unit() * 2 * everyMs, 'request', next);
  };
  next();
  return requests;
}
