import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MurmurError } from '@murmuration/core';
import type { SwarmEvent } from '../views/source.ts';
import type { SwarmMember } from './folder.ts';
import type { DeviceProcessOptions, DeviceReport, FromDevice, PlainError, Question, ToDevice } from './ipc.ts';

/** A device that runs from its sources has a `.ts` beside this file, a published one a `.js`. */
const ENTRY = fileURLToPath(
  new URL(`./device-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);
const CONDITION = '--conditions=murmuration-src';
/**
 * A device's own heap is small: what lives on it is a few blocks and one ledger. Code is compiled for size: measured 182 to 184 MB
 * resident in place of 199, for an eighth more time a round.
 */
const MEMORY_FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=2', '--v8-pool-size=1', '--optimize-for-size'];
/**
 * For glibc, which otherwise keeps what training freed in an arena for each thread: measured 157 MB resident in
 * place of 215. Two workers: one trains, the other serves whatever else blocks.
 */
const MEMORY_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
  UV_THREADPOOL_SIZE: '2',
};
const ANSWER_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 8_000;

export interface ChildHooks {
  onListening(child: DeviceChild): void;
  onReport(child: DeviceChild): void;
  onEvent(child: DeviceChild, event: SwarmEvent): void;
  onExit(child: DeviceChild, how: string): void;
}

/** The supervisor's end of one device process. */
export class DeviceChild {
  readonly member: SwarmMember;
  /** Undefined until it listens. */
  device: string | undefined;
  addresses: readonly string[] = [];
  report: DeviceReport | undefined;
  /** Why it could not start or go on. */
  failure: PlainError | undefined;
  private readonly process: ChildProcess;
  private readonly hooks: ChildHooks;
  private readonly asked = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  private nextId = 1;
  private readonly exit: Promise<void>;
  private exited = false;

  constructor(member: SwarmMember, options: DeviceProcessOptions, hooks: ChildHooks) {
    this.member = member;
    this.hooks = hooks;
    const fromSource = ENTRY.endsWith('.ts') ? [CONDITION] : [];
    this.process = fork(ENTRY, [JSON.stringify(options)], {
      execArgv: [...fromSource, ...MEMORY_FLAGS, '--no-warnings'],
      env: { ...process.env, ...MEMORY_ENVIRONMENT },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaint = '';
    this.process.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-4000);
    });
    this.process.on('message', (message: FromDevice) => this.take(message));
    this.exit = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => {
        this.exited = true;
        if (code !== 0 && code !== null && this.failure === undefined) {
          this.failure = { code: 'DEVICE_CRASHED', message: complaint || `exit code ${code}`, remedy: undefined };
        }
        for (const { reject } of this.asked.values()) reject(gone(member.name));
        this.asked.clear();
        hooks.onExit(this, signal ?? `exit code ${code}`);
        resolve();
      });
    });
  }

  get alive(): boolean {
    return !this.exited;
  }

  get pid(): number | null {
    return this.exited ? null : (this.process.pid ?? null);
  }

  dial(address: string): void {
    this.tell({ kind: 'dial', address });
  }

  subscribe(): void {
    this.tell({ kind: 'subscribe' });
  }

  /** @throws what the device threw, DEVICE_GONE, DEVICE_SILENT */
  ask<T>(question: Question): Promise<T> {
    const id = this.nextId++;
    return new Promise<T>((resolve, reject) => {
      if (this.exited) return reject(gone(this.member.name));
      const timer = setTimeout(() => {
        this.asked.delete(id);
        reject(silent(this.member.name));
      }, ANSWER_TIMEOUT_MS);
      const settle =
        <V>(settleWith: (value: V) => void) =>
        (value: V) => {
          clearTimeout(timer);
          settleWith(value);
        };
      this.asked.set(id, { resolve: settle((value) => resolve(value as T)), reject: settle(reject) });
      this.tell({ kind: 'ask', id, question });
    });
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exit;
  }

  /** Asks the device to stop, and ends it where it does not within some seconds. */
  async stop(): Promise<void> {
    if (this.exited) return;
    this.tell({ kind: 'stop' });
    const timer = setTimeout(() => this.process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exit;
    clearTimeout(timer);
  }

  private take(message: FromDevice): void {
    switch (message.kind) {
      case 'listening':
        this.device = message.device;
        this.addresses = message.addresses;
        this.hooks.onListening(this);
        break;
      case 'report':
        this.report = message.report;
        this.hooks.onReport(this);
        break;
      case 'event':
        this.hooks.onEvent(this, message.event);
        break;
      case 'failed':
        this.failure = message.error;
        break;
      case 'answer': {
        const asked = this.asked.get(message.id);
        this.asked.delete(message.id);
        if (message.error === undefined) asked?.resolve(message.value);
        else asked?.reject(revived(message.error));
      }
    }
  }

  private tell(message: ToDevice): void {
    if (this.process.connected) this.process.send(message, () => undefined);
  }
}

export function revived({ code, message, remedy }: PlainError): MurmurError {
  return new MurmurError({ code, message, ...(remedy === undefined ? {} : { remedy }) });
}

function gone(name: string): MurmurError {
  return new MurmurError({
    code: 'DEVICE_GONE',
    message: `the device ${name} stopped before it answered`,
    remedy: 'ask again: another device answers',
    facts: { name },
  });
}

function silent(name: string): MurmurError {
  return new MurmurError({
    code: 'DEVICE_SILENT',
    message: `the device ${name} did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`,
    remedy: 'ask again, or look at its log',
    facts: { name },
  });
}
