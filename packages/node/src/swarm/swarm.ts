import { type DeviceId, MurmurError, type Result, refuse } from '@murmuration/core';
import type { LogLevel } from '../adapters/file-log.ts';
import { jobRefusal } from '../job-refusal.ts';
import type { DeviceServicesOptions } from '../services/device-services.ts';
import type { OpenJobRequest, RoundDetail, RoundView } from '../views/learning.ts';
import type { BlockView } from '../views/ledger.ts';
import type { LightQuestion } from '../views/light.ts';
import type { PageQuery, SwarmEvent, SwarmSource } from '../views/source.ts';
import type { SwarmSnapshot } from '../views/swarm.ts';
import type { EvidenceView } from '../views/trust.ts';
import { DeviceChild, revived } from './child.ts';
import type { SwarmFolder, SwarmMember } from './folder.ts';
import type { Question } from './ipc.ts';
import { type MemberState, mergeReports } from './merge.ts';

export interface SwarmOptions {
  readonly swarm: SwarmFolder;
  /** @default info */
  readonly logLevel?: LogLevel;
  readonly services?: Omit<DeviceServicesOptions, 'behaviour'>;
  /** Of each device: see `StartDeviceOptions`. @default 0 */
  readonly verifierWorkers?: number;
}

/** A start takes 4 s on two free cores; a machine that does ten other things still gets there. */
const LISTEN_TIMEOUT_MS = 90_000;
const MERGE_EVERY_MS = 500;

/**
 * A local swarm: one process for each device, watched over their channels. A device that dies shows as down
 * and stays so until somebody restarts it. Disposing stops every process that this swarm started.
 */
export class Swarm implements SwarmSource, AsyncDisposable {
  readonly folder: SwarmFolder;
  readonly startedAtMs = Date.now();
  private readonly options: SwarmOptions;
  private readonly children = new Map<string, DeviceChild>();
  private readonly listeners = new Set<(event: SwarmEvent) => void>();
  private readonly waiting = new Set<() => void>();
  private readonly merging: NodeJS.Timeout;
  private current: SwarmSnapshot | undefined;
  private feeder: DeviceChild | undefined;
  private firstRoundMs: number | undefined;
  private readonly largestRss = new Map<string, number>();
  private stopping = false;

  private constructor(options: SwarmOptions) {
    this.folder = options.swarm;
    this.options = options;
    this.merging = setInterval(() => this.merge(), MERGE_EVERY_MS);
  }

  /** Starts every device. @throws why a device could not start, after the others were stopped */
  static async start(options: SwarmOptions): Promise<Swarm> {
    const swarm = new Swarm(options);
    try {
      for (const member of options.swarm.members) swarm.spawn(member);
      await swarm.until(() => swarm.every((child) => child.report !== undefined), LISTEN_TIMEOUT_MS, 'report');
      swarm.merge();
      return swarm;
    } catch (error) {
      await swarm[Symbol.asyncDispose]();
      throw error;
    }
  }

  snapshot(): SwarmSnapshot {
    if (this.current === undefined) throw notReady();
    return this.current;
  }

  subscribe(listener: (event: SwarmEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  blocks(query: PageQuery): Promise<readonly BlockView[]> {
    return this.ask({ method: 'blocks', query });
  }

  rounds(job: string, query: PageQuery): Promise<readonly RoundView[]> {
    return this.ask({ method: 'rounds', job, query });
  }

  round(job: string, round: number): Promise<RoundDetail | undefined> {
    return this.ask({ method: 'round', job, round });
  }

  evidence(query: PageQuery): Promise<readonly EvidenceView[]> {
    return this.ask({ method: 'evidence', query });
  }

  evidenceBundle(id: string): Promise<Uint8Array | undefined> {
    return this.ask({ method: 'evidenceBundle', evidence: id });
  }

  light(question: LightQuestion): Promise<Uint8Array | undefined> {
    return this.ask({ method: 'light', question });
  }

  async openJob(request: OpenJobRequest): Promise<Result<{ readonly job: string }>> {
    if (request.data !== 'names' && request.data !== 'digits') {
      const { data } = request;
      try {
        await Promise.all(this.alive().map((child) => child.ask({ method: 'placeData', data })));
      } catch (error) {
        return jobRefusal(error);
      }
    }
    return this.ask({ method: 'openJob', request });
  }

  /**
   * Has every living device say that another one is to join the replicas or to leave them, where the swarm was made
   * with `changingReplicas`. It takes effect some blocks after a quorum of them has.
   * @returns what became of it, by name: refused with the ledger's reason, as for a device that does not vote itself, or
   * as `no-answer` where no block held it in time: then it may still come into force
   */
  async changeReplica(device: DeviceId, change: 'join' | 'leave'): Promise<ReadonlyMap<string, Result<void>>> {
    const said = this.alive().map(async (child) => {
      const asked = child.ask<Result<void>>({ method: 'changeReplica', device, change });
      return [child.member.name, await asked.catch(() => refuse('no-answer'))] as const;
    });
    return new Map(await Promise.all(said));
  }

  /** Prometheus text of every living device, by name. */
  async metrics(): Promise<ReadonlyMap<string, string>> {
    const texts = this.alive().map(
      async (child) => [child.member.name, await child.ask<string>({ method: 'metrics' })] as const,
    );
    return new Map(await Promise.all(texts));
  }

  /** What each member last said of itself; for summaries and tests. */
  members(): readonly MemberState[] {
    return this.folder.members.map((member) => {
      const child = this.children.get(member.name);
      return {
        name: member.name,
        device: child?.device,
        behaviour: member.behaviour,
        alive: child?.alive ?? false,
        pid: child?.pid ?? null,
        report: child?.report,
      };
    });
  }

  /** When the first round of this run ended, wall time. */
  get firstRoundAtMs(): number | undefined {
    return this.firstRoundMs;
  }

  /** The most resident memory that each device was seen at, MiB. */
  largestRssMb(): number[] {
    return [...this.largestRss.values()];
  }

  /** Resolves once the job has run all its rounds and the last one is measured. @throws SWARM_TIMEOUT */
  finished(job: string, timeoutMs: number): Promise<SwarmSnapshot> {
    const isFinished = ({ job: view }: SwarmSnapshot) =>
      view?.job === job && view.state === 'finished' && view.history.at(-1)?.accuracy !== null;
    return this.reaches(isFinished, timeoutMs, `finish the job ${job}`);
  }

  /** Ends one device as a power cut would. */
  async kill(name: string): Promise<void> {
    await this.child(name).kill();
  }

  /** Starts one device again, on the home it had. @throws why it could not */
  async restart(name: string): Promise<void> {
    await this.child(name).stop();
    const child = this.spawn(this.child(name).member);
    await this.until(() => child.report !== undefined || !child.alive, LISTEN_TIMEOUT_MS, 'report');
    if (child.failure !== undefined) throw revived(child.failure);
  }

  /** Resolves when `condition` holds of the merged picture. @throws SWARM_TIMEOUT */
  async reaches(
    condition: (snapshot: SwarmSnapshot) => boolean,
    timeoutMs: number,
    what: string,
  ): Promise<SwarmSnapshot> {
    await this.until(() => this.current !== undefined && condition(this.current), timeoutMs, what);
    return this.snapshot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping = true;
    clearInterval(this.merging);
    await Promise.all([...this.children.values()].map((child) => child.stop()));
  }

  private spawn(member: SwarmMember): DeviceChild {
    const { logLevel, services, verifierWorkers } = this.options;
    const bootstrap = this.alive()[0]?.addresses ?? [];
    const child = new DeviceChild(
      member,
      {
        home: member.home,
        bootstrap,
        ...(member.behaviour === null ? {} : { behaviour: member.behaviour }),
        ...(logLevel === undefined ? {} : { logLevel }),
        ...(services === undefined ? {} : { services }),
        ...(verifierWorkers === undefined ? {} : { verifierWorkers }),
      },
      {
        onListening: (listening) => this.introduce(listening),
        onReport: (reporting) => this.note(reporting),
        onEvent: (from, event) => {
          // What a device says to people, it alone says.
          if (from === this.feeder || event.kind === 'log') this.relay(event);
        },
        onExit: (gone, how) => this.noteExit(gone, how),
      },
    );
    this.children.set(member.name, child);
    return child;
  }

  /** One address is enough: the first that listens is everybody's way in, gossip does the rest. */
  private introduce(listening: DeviceChild): void {
    const first = this.alive().find((child) => child.addresses.length > 0 && child !== listening);
    const address = first?.addresses[0];
    if (address !== undefined) listening.dial(address);
    this.chooseFeeder();
  }

  private note(child: DeviceChild): void {
    const own = child.report?.snapshot.devices.find(({ device }) => device === child.device);
    const { name } = child.member;
    this.largestRss.set(name, Math.max(own?.rssMb ?? 0, this.largestRss.get(name) ?? 0));
    this.check();
  }

  private relay(event: SwarmEvent): void {
    if (event.kind === 'round' && event.round.state === 'finalised') this.firstRoundMs ??= Date.now();
    this.tell(event);
  }

  private noteExit(child: DeviceChild, how: string): void {
    if (!this.stopping) {
      const text = `${child.member.name} stopped (${child.failure?.message ?? how})`;
      this.tell({ kind: 'log', atMs: Date.now(), level: 'warn', device: child.device ?? null, text });
    }
    if (child === this.feeder) this.feeder = undefined;
    this.chooseFeeder();
    this.check();
  }

  /** Blocks and evidence are told by one device that was not planted as a liar. */
  private chooseFeeder(): void {
    if (this.feeder !== undefined || this.stopping) return;
    this.feeder = this.alive().find((child) => child.device !== undefined && child.member.behaviour === null);
    this.feeder?.subscribe();
  }

  private merge(): void {
    const before = this.current;
    this.current = mergeReports(this.members(), this.startedAtMs) ?? before;
    this.check();
    if (this.current === undefined || this.listeners.size === 0) return;
    this.tell({ kind: 'snapshot', snapshot: this.current });
  }

  private tell(event: SwarmEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  private alive(): DeviceChild[] {
    return [...this.children.values()].filter((child) => child.alive);
  }

  private every(holds: (child: DeviceChild) => boolean): boolean {
    const failed = [...this.children.values()].find((child) => child.failure !== undefined);
    if (failed?.failure !== undefined) throw revived(failed.failure);
    return [...this.children.values()].every(holds);
  }

  private child(name: string): DeviceChild {
    const child = this.children.get(name);
    if (child !== undefined) return child;
    throw new MurmurError({
      code: 'SWARM_NO_SUCH_DEVICE',
      message: `the swarm has no device "${name}"`,
      remedy: `its devices are ${[...this.children.keys()].join(', ')}`,
      facts: { name },
    });
  }

  /** Asks one living device that is no planted liar, then the next where it does not answer. */
  private async ask<T>(question: Question): Promise<T> {
    let failure: unknown = notReady();
    const honestFirst = this.alive().sort(
      (a, b) => Number(a.member.behaviour !== null) - Number(b.member.behaviour !== null),
    );
    for (const child of honestFirst.filter(({ report }) => report !== undefined).slice(0, 3)) {
      try {
        return await child.ask<T>(question);
      } catch (error) {
        failure = error;
        if (child.alive) break;
      }
    }
    throw failure;
  }

  private check(): void {
    for (const waiting of [...this.waiting]) waiting();
  }

  private until(condition: () => boolean, timeoutMs: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(() => reject(timedOut(what, timeoutMs))), timeoutMs);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        settle();
      };
      const look = () => {
        try {
          if (condition()) finish(resolve);
        } catch (error) {
          finish(() => reject(error));
        }
      };
      this.waiting.add(look);
      look();
    });
  }
}

function notReady(): MurmurError {
  return new MurmurError({
    code: 'SWARM_NOT_READY',
    message: 'no device of the swarm has reported yet, or none lives',
    remedy: 'wait a moment; where all devices are down, start the swarm again',
  });
}

function timedOut(what: string, timeoutMs: number): MurmurError {
  return new MurmurError({
    code: 'SWARM_TIMEOUT',
    message: `the swarm did not ${what} within ${timeoutMs / 1000} s`,
    remedy: "look at the devices' logs (log.ndjson in each home); a loaded machine needs longer",
    facts: { what, timeoutMs },
  });
}
