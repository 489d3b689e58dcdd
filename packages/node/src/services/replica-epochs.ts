import {
  createEpochs,
  createPbft,
  type Engine,
  type EpochPlace,
  type Epochs,
  requestsIn,
} from '@murmuration/consensus';
import { equalBytes } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import type { Chain } from './chain.ts';
import type { ServiceDeps } from './deps.ts';
import { lyingEngine, type PlantedLiar } from './lying-engine.ts';
import { oneEpoch } from './one-epoch.ts';

export interface ReplicaOptions {
  readonly checkpointInterval: number;
  readonly viewTimeoutMs: number;
  /** @default an ordinary replica */
  readonly planted?: PlantedLiar | undefined;
  /** Requests that came and are not ordered yet, checked by nobody. */
  readonly onRequests?: ((requests: readonly Uint8Array[]) => void) | undefined;
}

type ReplicaDeps = Pick<ServiceDeps, 'identity' | 'genesis' | 'earlierSigners'> & { readonly chain: Chain };

/**
 * The engines of this device. Where the replicas may change every device has them: one that does not vote follows, and
 * votes once an epoch names it.
 * @returns undefined for a device that will never vote
 */
export function replicaEpochs(deps: ReplicaDeps, options: ReplicaOptions): Epochs | undefined {
  const { identity, genesis, chain } = deps;
  if (genesis.lookahead === undefined) {
    const { replicaSet: set, self } = chain;
    if (self === undefined) return undefined;
    // Where replicas never change, each votes with the key of the genesis for life, whichever signs its commands.
    const signer = signerOf(deps, set.replicas[self]?.key as Uint8Array) ?? identity.signer;
    return oneEpoch(engineOf(deps, options, { set, self, baseHeight: 0 }, signer), set, self);
  }
  return createEpochs({
    device: identity.device,
    // Where an epoch has just ended it is taken up once more: who votes in it certifies its last state first.
    current: chain.epochAt(Math.max(1, chain.height)),
    open: ({ set, self, baseHeight }) => {
      const signer = signerOf(deps, set.replicas[self]?.key as Uint8Array);
      return signer === undefined ? null : engineOf(deps, options, { set, self, baseHeight }, signer);
    },
  });
}

/** An epoch knows each replica by the key it had when the epoch was decided. */
function signerOf({ identity, earlierSigners = [] }: ReplicaDeps, key: Uint8Array): Signer | undefined {
  return [identity.signer, ...earlierSigners].find(({ publicKey }) => equalBytes(publicKey, key));
}

function engineOf(
  { genesis: { lookahead } }: ReplicaDeps,
  { checkpointInterval, viewTimeoutMs: progressTimeoutMs, planted, onRequests }: ReplicaOptions,
  { set, self, baseHeight }: EpochPlace & { readonly self: number },
  signer: Signer,
): Engine {
  const engine = createPbft(
    { replicaSet: set, self, signer, baseHeight, stopIfDuplicated: planted === undefined },
    { checkpointInterval, progressTimeoutMs, ...(lookahead === undefined ? {} : { lookahead }) },
  );
  const watched = onRequests === undefined ? engine : watchRequests(engine, onRequests);
  return planted === undefined ? watched : lyingEngine(watched, { set, self, signer }, planted);
}

/** Tells what is going to be ordered before the engine makes anything of it. */
export function watchRequests(engine: Engine, onRequests: (requests: readonly Uint8Array[]) => void): Engine {
  return {
    step: (event) => {
      if (event.kind === 'propose') onRequests([event.request]);
      if (event.kind === 'message') onRequests(requestsIn(event.bytes));
      return engine.step(event);
    },
    get status() {
      return engine.status;
    },
  };
}
