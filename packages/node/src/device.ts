import { type Admit, type CommHost, createHost } from '@murmuration/comm';
import { type DeviceId, type Log, type Result, seededRandom } from '@murmuration/core';
import type { Genesis } from '@murmuration/ledger';
import { DataPlaces } from './adapters/data-places.ts';
import { fileLog, type LogLevel } from './adapters/file-log.ts';
import { folderShelf } from './adapters/folder-shelf.ts';
import { type Home, openHome, requireHome } from './adapters/home.ts';
import { lockHome } from './adapters/home-lock.ts';
import { type PromMetrics, promMetrics } from './adapters/prom-metrics.ts';
import { sqliteStore } from './adapters/sqlite-store.ts';
import { guardStore, rememberStore } from './adapters/store-guard.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemEntropy } from './adapters/system-entropy.ts';
import { createAheadVerifier } from './adapters/verifier-ahead.ts';
import { openVerifierPool } from './adapters/verifier-pool.ts';
import { behaviourOf } from './behaviours.ts';
import { joinThrough, serveGenesis } from './joining.ts';
import { areKeysProtected } from './keys/device-keys.ts';
import { forgetEarlierKeys } from './keys/forget-keys.ts';
import { createLearningWorld } from './learning-world.ts';
import { createLinkKeys } from './link-keys.ts';
import { planJob } from './plan-job.ts';
import type { ServiceDeps } from './services/deps.ts';
import { DeviceServices, type DeviceServicesOptions } from './services/device-services.ts';
import { DeviceSource } from './services/device-source.ts';
import { VERSION } from './version.ts';

export interface StartDeviceOptions {
  /** Folder of keys, certificate and store; made by `createHome`. */
  readonly home: string;
  /** Asked once where the keys of the home are under a passphrase. @default none is given: KEYS_LOCKED */
  readonly passphrase?: (() => string | Promise<string>) | undefined;
  /** @default ['/ip4/127.0.0.1/tcp/0'] */
  readonly listen?: readonly string[];
  /** Multiaddrs of devices that are in the swarm. One is enough. @default none */
  readonly bootstrap?: readonly string[];
  /** Chain id in hex: a home that is in no swarm yet joins only this one. @default whichever `bootstrap` is in */
  readonly swarm?: string;
  /** A planted liar, by name. @default an ordinary device */
  readonly behaviour?: string;
  /** Told once where the device cannot go on, as when its store failed. @default nothing: the log has it */
  readonly onFatal?: (error: unknown) => void;
  /**
   * Threads that check the signatures of commands while the replicas vote on them, at about 25 MB each.
   * @default 0 — where a device has cores to spare they take the checks off its event loop; seven devices on two
   * cores commit a third less with one each (docs/benchmarks/consensus.md)
   */
  readonly verifierWorkers?: number;
  /** @default info */
  readonly logLevel?: LogLevel;
  readonly services?: Omit<DeviceServicesOptions, 'behaviour'>;
}

/** Signatures that wait for one thread: what it does not reach in time is checked twice, so it is one batch at most. */
const LOOKED_AHEAD = 512;

/** One device that runs. Disposing stops it and leaves its home as it is. */
export interface RunningDevice extends AsyncDisposable {
  readonly device: DeviceId;
  readonly name: string;
  readonly genesis: Genesis;
  readonly source: DeviceSource;
  readonly services: DeviceServices;
  readonly places: DataPlaces;
  addresses(): readonly string[];
  dial(address: string): Promise<Result<DeviceId>>;
  /** Prometheus text format. */
  metrics(): Promise<string>;
}

/**
 * Starts one device in this process: home, identity, host, services.
 * @throws HOME_MISSING, HOME_DAMAGED, HOME_IN_USE, KEYS_LOCKED, KEYS_WRONG_PASSPHRASE, KEYS_DAMAGED, STORE_DAMAGED, STORE_WRONG_FILE, STORE_FORGOTTEN,
 * STORE_OTHER_CHAIN, STORE_OTHER_DEVICE, STORE_OTHER_FORMAT, VOTES_DAMAGED, KEY_IN_USE_ELSEWHERE, BEHAVIOUR_UNKNOWN,
 * COMM_PORT_IN_USE, JOIN_FAILED and what else the home's files cause
 */
export async function startDevice(options: StartDeviceOptions): Promise<RunningDevice> {
  const behaviour = options.behaviour === undefined ? undefined : behaviourOf(options.behaviour);
  requireHome(options.home);
  await using opened = new AsyncDisposableStack();
  opened.use(lockHome(options.home));
  const unlocked = areKeysProtected(options.home) ? { passphrase: await options.passphrase?.() } : {};
  const home = openHome(options.home, unlocked.passphrase);
  const log = opened.use(fileLog({ path: home.logPath, level: options.logLevel ?? 'info' }));
  const metrics = promMetrics();
  const store = opened.use(
    sqliteStore(home.storePath, { onCommit: (durationMs) => metrics.observe('store_commit_ms', durationMs) }),
  );
  const linkKeys = createLinkKeys();
  const host = opened.use(await openHost({ home, log, metrics, admit: linkKeys.admit }, options));
  const genesis = home.genesis ?? (await joinThrough(host, home.folder, options));
  serveGenesis(host.port, genesis);
  await guardStore(home.folder, store);

  const { identity, name } = home;
  const random = seededRandom(`${identity.device}/${systemClock.nowMs()}`);
  const deps: ServiceDeps = {
    identity,
    earlierSigners: home.earlierSigners,
    genesis,
    name,
    port: host.port,
    store,
    shelf: folderShelf(home.folder),
    clock: systemClock,
    random,
    entropy: systemEntropy,
    log,
    metrics,
    ...verifierOf(opened, options.verifierWorkers ?? 0),
  };
  const places = new DataPlaces(store);
  let remembered: Promise<void> | undefined;
  const remember = () => {
    remembered ??= rememberStore(home.folder, store, services.owner);
    return remembered;
  };
  const services: DeviceServices = await DeviceServices.open(
    deps,
    createLearningWorld(places),
    { ...options.services, ...(behaviour === undefined ? {} : { behaviour }) },
    {
      onFatal: (error) => {
        log.error('fatal', { error: String(error) });
        options.onFatal?.(error);
      },
      onRecord: ({ job, round }) => source.tellRound(job, round),
      onNotice: (text) =>
        source.tell({ kind: 'log', atMs: systemClock.nowMs(), level: 'warn', device: identity.device, text }),
      facts: () => ({ samples: services.learning.samples, rssBytes: process.memoryUsage.rss() }),
      onVoter: remember,
    },
  );
  const source: DeviceSource = new DeviceSource(deps, services, {
    version: VERSION,
    startedAtMs: systemClock.nowMs(),
    pid: process.pid,
    behaviour: behaviour?.name ?? null,
    rssMb: () => process.memoryUsage.rss() / 2 ** 20,
    addresses: () => host.addresses(),
    links: () => host.links(),
    planJob: (request) => planJob(request, places, services.chain.ledger, genesis),
  });
  opened.use(services);
  linkKeys.follow(services.chain, host);
  const keeping = { ...unlocked, nowMs: systemClock.nowMs(), entropy: systemEntropy };
  const forgotten = forgetEarlierKeys(home, services.chain, keeping);
  if (forgotten > 0) log.info('keys-forgotten', { keys: forgotten });
  if (services.chain.self !== undefined) await remember();
  await services.start();
  log.info('started', { device: identity.device, height: services.chain.height, version: VERSION });
  const stack = opened.move();
  return {
    device: identity.device,
    name,
    genesis,
    source,
    services,
    places,
    addresses: () => host.addresses(),
    dial: (address) => host.dial(address),
    metrics: () => metrics.text(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function verifierOf(opened: AsyncDisposableStack, workers: number): Pick<ServiceDeps, 'verifier'> {
  if (workers === 0) return {};
  const pool = opened.use(openVerifierPool({ workers, maxQueued: LOOKED_AHEAD * workers }));
  return { verifier: createAheadVerifier(pool) };
}

interface HostParts {
  readonly home: Home;
  readonly log: Log;
  readonly metrics: PromMetrics;
  readonly admit: Admit;
}

function openHost({ home, ...deps }: HostParts, options: StartDeviceOptions): Promise<CommHost> {
  const { identity } = home;
  const { listen, bootstrap } = options;
  return createHost(
    { identity, clock: systemClock, ...deps },
    { ...(listen === undefined ? {} : { listen }), ...(bootstrap === undefined ? {} : { bootstrap }) },
  );
}
