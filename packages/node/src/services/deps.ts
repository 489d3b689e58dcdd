import type { Clock, Entropy, Log, MessagePort, Metrics, Random, Store } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import type { DeviceIdentity } from '@murmuration/identity';
import type { FeePolicy, Genesis } from '@murmuration/ledger';
import type { AheadVerifier } from '../adapters/verifier-ahead.ts';
import type { BlobShelf } from './blob-shelf.ts';

/** What every service of one device stands on. Ports only, so that the simulator runs the services unchanged. */
export interface ServiceDeps {
  readonly identity: DeviceIdentity;
  /**
   * Of operational keys that this device had before: an epoch that began under one of them is voted in with it until
   * it ends. @default none
   */
  readonly earlierSigners?: readonly Signer[];
  readonly genesis: Genesis;
  /** What commands cost; its id is the one in the genesis. @default everything is free */
  readonly fees?: FeePolicy;
  /** What this device registers under. */
  readonly name: string;
  readonly port: MessagePort;
  readonly store: Store;
  /** Where updates and models lie. @default among the entries of `store` */
  readonly shelf?: BlobShelf;
  readonly clock: Clock;
  readonly random: Random;
  /** Of masks, rounding and noise. @default none: such a device takes part in no private round */
  readonly entropy?: Entropy;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Checks signatures of commands before the ledger asks for them. @default each on the spot */
  readonly verifier?: AheadVerifier;
}
