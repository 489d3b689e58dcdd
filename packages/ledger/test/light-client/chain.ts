import { createPbft, decodeBatch, type Engine, type EngineEffect, type Header } from '@murmuration/consensus';
import { createLedger, type Genesis, type Ledger, replicaSetOf } from '../../src/index.ts';
import { at, replica, START_MS, type World } from '../fixtures.ts';

/** A checkpoint as a quorum certified it, with the state under it as replica 0 had it. */
export interface Certified {
  readonly header: Header;
  /** Encodes the answer about a key at this height. */
  readonly ledger: Ledger;
}

export interface Run {
  readonly checkpoints: readonly Certified[];
}

/**
 * Real replicas over real ledgers: each request is one block, every second block a checkpoint.
 * @param keep a ledger of the state at a checkpoint, which must stay as it is
 */
export function certify(
  world: World,
  genesis: Genesis,
  requests: readonly Uint8Array[],
  keep: (ledger: Ledger) => Ledger,
): Run {
  const replicaSet = replicaSetOf(genesis);
  const engines = replicaSet.replicas.map(
    (_, self): Engine =>
      createPbft({ replicaSet, self, signer: replica(world, self).signer }, { checkpointInterval: 2, batchDelayMs: 0 }),
  );
  const ledgers = engines.map(() => createLedger(genesis));
  const checkpoints: Certified[] = [];
  const states = new Map<number, Ledger>();
  const queue: { to: number; from: number; bytes: Uint8Array }[] = [];

  const perform = (self: number, effects: readonly EngineEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'send') {
        for (const to of engines.keys()) {
          if (to !== self && (effect.to === 'all' || effect.to === to))
            queue.push({ to, from: self, bytes: effect.bytes });
        }
      } else if (effect.kind === 'commit') commit(self, effect.commit);
      else if (effect.kind === 'stableCheckpoint' && self === 0) {
        const { height, stateDigest, certificate } = effect;
        const header = { chainId: replicaSet.chainId, epoch: 0, height, stateDigest, certificate };
        checkpoints.push({ header, ledger: states.get(height) as Ledger });
      }
    }
  };
  const commit = (self: number, { height, payload }: { height: number; payload: Uint8Array }): void => {
    const ledger = at(ledgers, self);
    const batch = decodeBatch(payload);
    if (!batch.ok) throw new Error(batch.reason);
    ledger.apply({ height, ...batch.value });
    if (self === 0) states.set(height, keep(ledger));
    perform(self, at(engines, self).step({ kind: 'executed', nowMs: START_MS, height, stateDigest: ledger.root() }));
  };
  for (const [self, engine] of engines.entries()) {
    const executed = { height: 0, stateDigest: at(ledgers, self).root() };
    perform(self, engine.step({ kind: 'start', nowMs: START_MS, records: [], executed }));
  }
  for (const request of requests) {
    perform(0, at(engines, 0).step({ kind: 'propose', nowMs: START_MS, request }));
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      perform(next.to, at(engines, next.to).step({ kind: 'message', nowMs: START_MS, ...next }));
    }
  }
  return { checkpoints };
}
