import { toHex } from '@murmuration/core';
import {
  type Commit,
  type Engine,
  type Liar,
  liars,
  type PbftDeps,
  type PbftOptions,
  type ReplicaSet,
} from '../../src/index.ts';
import { createPbftWithQuorum } from '../../src/pbft/engine.ts';
import { decodeMessage } from '../../src/pbft/messages.ts';
import type { Verify } from '../../src/quorum/statement.ts';

/** What a cluster needs to know of the protocol that its replicas run. */
export interface ClusterProtocol {
  engine(deps: PbftDeps, options: PbftOptions, q: number): Engine;
  /** The set under the chain id that its signatures name. */
  chain(set: ReplicaSet): ReplicaSet;
  kindOf(bytes: Uint8Array): string;
  /** By name: those that speak this protocol. */
  readonly liars: Readonly<Record<string, Liar>>;
  /**
   * What a message of `kind` asserts at a place where a correct replica asserts one thing only. Undefined where it
   * asserts nothing of that sort, null where nobody can read it.
   */
  saying(kind: string, bytes: Uint8Array): { readonly place: string; readonly says: string } | undefined | null;
  /** Whether a commit is certified by `q` of `set`, by signatures of that kind. @default as a list of signatures is */
  readonly certified?: (
    set: ReplicaSet,
    q: number,
    verify: Verify,
    commit: Pick<Commit, 'height' | 'payload' | 'certificate'>,
  ) => boolean;
}

export const PBFT: ClusterProtocol = {
  engine: createPbftWithQuorum,
  liars,
  chain: (set) => set,
  // From the number it begins with: cheaper than reading all of it.
  kindOf: (bytes) => KINDS[bytes[1] ?? 0] ?? 'rubbish',
  saying: (kind, bytes) => {
    if (kind !== 'pre-prepare' && kind !== 'prepare' && kind !== 'commit') return undefined;
    const message = decodeMessage(bytes);
    if (!message.ok || message.value.kind !== kind) return null;
    const { view, height, digest } = message.value;
    return { place: `view ${view}, height ${height}`, says: toHex(digest) };
  },
};

const KINDS: readonly (string | undefined)[] = [
  undefined,
  'pre-prepare',
  'prepare',
  'commit',
  'checkpoint',
  'view-change',
  'new-view',
  'status',
  'decided',
  'fetch',
  'payload',
  'requests',
  'witness',
  'stable',
  'recall',
  'recalled',
];
