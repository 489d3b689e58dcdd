import { randomBytes } from 'node:crypto';
import { type Clock, type Log, type LogFacts, type Metrics, seededRandom, silentLog } from '@murmuration/core';
import { createIdentity, type DeviceIdentity } from '@murmuration/identity';
import { type CommHost, type CommOptions, createHost, type HostDeps } from '../src/index.ts';

/** The real world, for tests over real sockets. */
export const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };

export const HOUR_MS = 3_600_000;

export function newIdentity(validForMs = HOUR_MS, nowMs = Date.now()): DeviceIdentity {
  return createIdentity(entropy, { nowMs, validForMs }).identity;
}

/** Counts what a host refused, by reason. */
export interface Counters extends Metrics {
  readonly refused: Map<string, number>;
  /** Connections that ended, refused ones among them. */
  readonly closed: Map<string, number>;
}

export function counters(): Counters {
  const refused = new Map<string, number>();
  const closed = new Map<string, number>();
  return {
    refused,
    closed,
    count: (name, labels, by = 1) => {
      const key = labels?.reason ?? name;
      const counts = name === 'comm_closed_total' ? closed : refused;
      counts.set(key, (counts.get(key) ?? 0) + by);
    },
    gauge: () => {},
    observe: () => {},
  };
}

/** Keeps every event at `warn`. */
export function warnings(): Log & { readonly events: (LogFacts & { event: string })[] } {
  const events: (LogFacts & { event: string })[] = [];
  return { ...silentLog, events, warn: (event, facts) => events.push({ event, ...facts }) };
}

export interface TestHost extends AsyncDisposable {
  readonly host: CommHost;
  readonly identity: DeviceIdentity;
  readonly counters: Counters;
  readonly log: ReturnType<typeof warnings>;
}

export async function openHost(options: CommOptions = {}, deps: Partial<HostDeps> = {}): Promise<TestHost> {
  const identity = deps.identity ?? newIdentity();
  const counted = counters();
  const log = warnings();
  const random = seededRandom(identity.device);
  const host = await createHost(
    { clock, random, ...deps, identity, log, metrics: counted },
    { minBackoffMs: 20, ...options },
  );
  return { host, identity, counters: counted, log, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

/** `n` hosts that all know one address. */
export async function openSwarm(n: number, options: CommOptions = {}): Promise<TestHost[]> {
  const first = await openHost(options);
  const bootstrap = first.host.addresses();
  const others = await Promise.all(Array.from({ length: n - 1 }, () => openHost({ ...options, bootstrap })));
  return [first, ...others];
}

export async function closeAll(hosts: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()));
}
