import type { DeviceId } from '@murmuration/core';
import type { StartDeviceOptions } from '../device.ts';
import type { LightQuestion } from '../views/light.ts';
import type { SwarmEvent } from '../views/source.ts';
import type { SwarmSnapshot } from '../views/swarm.ts';

/** What the supervisor tells a device process. Structured clones over the fork's channel. */
export type ToDevice =
  | { readonly kind: 'dial'; readonly address: string }
  | { readonly kind: 'subscribe' }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'stop' };

/** Calls of the device's own source. */
export type Question =
  | { readonly method: 'blocks' | 'evidence'; readonly query: { before?: number; limit: number } }
  | { readonly method: 'rounds'; readonly job: string; readonly query: { before?: number; limit: number } }
  | { readonly method: 'round'; readonly job: string; readonly round: number }
  | { readonly method: 'evidenceBundle'; readonly evidence: string }
  | { readonly method: 'light'; readonly question: LightQuestion }
  | { readonly method: 'openJob'; readonly request: import('../views/learning.ts').OpenJobRequest }
  | { readonly method: 'changeReplica'; readonly device: DeviceId; readonly change: 'join' | 'leave' }
  | { readonly method: 'placeData'; readonly data: string }
  | { readonly method: 'metrics' };

/** What a device process tells the supervisor. */
export type FromDevice =
  | { readonly kind: 'listening'; readonly device: string; readonly addresses: readonly string[] }
  | { readonly kind: 'report'; readonly report: DeviceReport }
  | { readonly kind: 'event'; readonly event: SwarmEvent }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: PlainError }
  | { readonly kind: 'failed'; readonly error: PlainError };

/** A `MurmurError` that crossed a process boundary. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string | undefined;
}

export interface DeviceReport {
  /** The swarm as this device sees it. */
  readonly snapshot: SwarmSnapshot;
  /** State roots of its last heights, newest last. */
  readonly roots: readonly { readonly height: number; readonly root: string }[];
  /** Of its own commands, the last ones. */
  readonly latenciesMs: readonly number[];
  /** When this planted liar first lied; null for an honest device, or where it has not yet. */
  readonly lieAtMs: number | null;
  /** When this device learned of each quarantine, wall time. */
  readonly quarantinedAtMs: Readonly<Record<string, number>>;
}

/** What the forked process is started with, as JSON in its arguments. */
export type DeviceProcessOptions = Omit<StartDeviceOptions, 'onFatal' | 'passphrase'>;
