import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CommHost, createHost } from '@murmuration/comm';
import type { PbftOptions } from '@murmuration/consensus';
import { noMetrics, silentLog } from '@murmuration/core';
import { systemClock } from '@murmuration/node';
import { Client } from './client.ts';
import {
  type FromReplica,
  identityOf,
  REPLICAS,
  type ReplicaOptions,
  replicaSetOf,
  type ToReplica,
} from './swarm-world.ts';

const LINK_TIMEOUT_MS = 60_000;

export interface SwarmOptions {
  readonly pbft: PbftOptions;
  /** @default 0 */
  readonly verifierWorkers?: number;
}

/** Seven replicas in processes of their own, linked to each other, and a client in this one. */
export class ReplicaSwarm implements AsyncDisposable {
  readonly client: Client;
  private readonly startedMs: number;
  private readonly folder: string;
  private readonly options: SwarmOptions;
  private readonly host: CommHost;
  private readonly children = new Map<number, { readonly process: ChildProcess; readonly address: string }>();

  static async start(options: SwarmOptions): Promise<ReplicaSwarm> {
    const startedMs = Date.now();
    const host = await createHost({
      identity: identityOf(REPLICAS, startedMs),
      clock: systemClock,
      log: silentLog,
      metrics: noMetrics,
    });
    const swarm = new ReplicaSwarm(options, startedMs, host);
    await Promise.all(Array.from({ length: REPLICAS }, (_, self) => swarm.boot(self)));
    await swarm.linked();
    return swarm;
  }

  private constructor(options: SwarmOptions, startedMs: number, host: CommHost) {
    this.options = options;
    this.startedMs = startedMs;
    this.host = host;
    this.folder = mkdtempSync(path.join(tmpdir(), 'murmur-bench-consensus-'));
    const { replicas } = replicaSetOf(startedMs);
    this.client = new Client(
      host,
      replicas.map(({ device }) => device),
    );
  }

  /** Starts a replica, for the first time or again. @returns once it takes part */
  async boot(self: number): Promise<void> {
    const bootstrap = [...this.children.values()].map(({ address }) => address);
    const { pbft, verifierWorkers = 0 } = this.options;
    const { startedMs, folder } = this;
    const given: ReplicaOptions = { self, startedMs, folder, bootstrap, pbft, verifierWorkers };
    const process_ = fork(new URL('./replica.ts', import.meta.url), [JSON.stringify(given)], {
      execArgv: [...process.execArgv, '--no-warnings'],
    });
    const ended = once(process_, 'exit').then((): [FromReplica] => [{ kind: 'failed', reason: 'it ended' }]);
    const [told] = (await Promise.race([once(process_, 'message'), ended])) as [FromReplica];
    if (told.kind === 'failed') throw new Error(`replica ${self}: ${told.reason}`);
    process_.on('message', (later: FromReplica) => {
      if (later.kind === 'failed') console.error(`replica ${self}: ${later.reason}`);
    });
    for (const child of this.children.values()) {
      child.process.send({ kind: 'dial', address: told.address } satisfies ToReplica);
    }
    this.children.set(self, { process: process_, address: told.address });
    void this.host.dial(told.address);
  }

  /** As a power cut: nothing is said, nothing is closed. */
  async kill(self: number): Promise<void> {
    const child = this.children.get(self);
    this.children.delete(self);
    const gone = child === undefined ? undefined : once(child.process, 'exit');
    child?.process.kill('SIGKILL');
    await gone;
  }

  /** Waits until the client has a link to every replica that runs. */
  private async linked(): Promise<void> {
    const deadlineMs = performance.now() + LINK_TIMEOUT_MS;
    while (this.host.port.peers().length < this.children.size) {
      if (performance.now() > deadlineMs) throw new Error('the replicas cannot be reached');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await Promise.all([...this.children.keys()].map((self) => this.kill(self)));
    await this.host[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
