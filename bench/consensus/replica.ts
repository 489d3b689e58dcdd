/** One replica: host, engine and store as a device has them; its state machine is a hash over checked transactions. */
import path from 'node:path';
import { createHost } from '@murmuration/comm';
import { createPbft, decodeBatch, decodeCertificate, type ReplicaSet } from '@murmuration/consensus';
import { encode, noMetrics, type Result, type Store, silentLog } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createAheadVerifier, openVerifierPool, sqliteStore, systemClock } from '@murmuration/node';
import { type Block, blockChange, readBlocks } from '../../packages/node/src/services/block-store.ts';
import { ConsensusService } from '../../packages/node/src/services/consensus-service.ts';
import { oneEpoch } from '../../packages/node/src/services/one-epoch.ts';
import { watchRequests } from '../../packages/node/src/services/replica-epochs.ts';
import {
  type FromReplica,
  identityOf,
  REPLICAS,
  REPLY_TOPIC,
  type ReplicaOptions,
  type Reply,
  replicaSetOf,
  replySchema,
  SUBMIT_TOPIC,
  type ToReplica,
} from './swarm-world.ts';
import { checkOf, numberOf, verifyTransaction } from './transactions.ts';

/** As devices set it. */
const LOOKED_AHEAD = 512;

const options = JSON.parse(process.argv[2] ?? '{}') as ReplicaOptions;
const { self, startedMs } = options;
const identity = identityOf(self, startedMs);
const client = identityOf(REPLICAS, startedMs).device;

const pool = openVerifierPool({ workers: options.verifierWorkers, maxQueued: LOOKED_AHEAD });
const ahead = createAheadVerifier(pool);

/** Replies are sent once the chain has what the store holds. */
class TransactionChain {
  height = 0;
  stateRoot: Uint8Array = new Uint8Array(32);
  readonly replicaSet: ReplicaSet = replicaSetOf(startedMs);
  readonly ledger = { chunks: () => [this.stateRoot] };
  onBlock: (reply: Reply) => void = () => {};

  static async open(store: Store): Promise<TransactionChain> {
    const chain = new TransactionChain();
    for (;;) {
      const blocks = await readBlocks(store, chain.height + 1, 64);
      if (blocks.length === 0) return chain;
      for (const block of blocks) chain.apply(block);
    }
  }

  change(block: Block) {
    return blockChange(block);
  }

  apply({ height, payload, certificate }: Block): void {
    const transactions = own(decodeBatch(payload)).requests;
    for (const transaction of transactions) {
      if (!verifyTransaction(transaction, ahead.verify)) throw new Error(`a bad transaction at ${height}`);
    }
    this.height = height;
    this.stateRoot = sha3_256(this.stateRoot, payload);
    const { view } = own(decodeCertificate(certificate));
    this.onBlock({ height, view, stateRoot: this.stateRoot, transactions: transactions.map(numberOf) });
  }
}

function own<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function tell(message: FromReplica): void {
  process.send?.(message);
}

function fail(reason: string): void {
  tell({ kind: 'failed', reason });
  process.exitCode = 1;
  process.disconnect?.();
}

const store = sqliteStore(path.join(options.folder, `${self}.sqlite`));
const host = await createHost(
  { identity, clock: systemClock, log: silentLog, metrics: noMetrics },
  { bootstrap: options.bootstrap },
);
const chain = await TransactionChain.open(store);
const { replicaSet } = chain;
const engine = createPbft({ replicaSet, self, signer: identity.signer }, options.pbft);
const watched =
  pool.workers === 0
    ? engine
    : watchRequests(engine, (requests) => ahead.ahead(requests.flatMap((one) => checkOf(one) ?? [])));
const service = new ConsensusService(
  {
    ...{ port: host.port, store, clock: systemClock, metrics: noMetrics },
    ...{ chain, epochs: oneEpoch(watched, replicaSet, self) },
  },
  { checkpointInterval: options.pbft.checkpointInterval ?? 64 },
  {
    onBehind: (height) => fail(`behind at ${chain.height}, others at ${height}`),
    onEvidence: () => fail('an honest replica was accused'),
    onFatal: (error) => fail(String(error)),
  },
);
chain.onBlock = (reply) => host.port.send(client, REPLY_TOPIC, encode(replySchema, reply));
host.port.onMessage(SUBMIT_TOPIC, (_, bytes) => {
  const transaction = new Uint8Array(bytes);
  if (checkOf(transaction) !== undefined) service.propose(transaction);
});
process.on('message', ({ address }: ToReplica) => void host.dial(address));
process.on('disconnect', () => process.exit());
await service.start();
tell({ kind: 'listening', address: host.addresses()[0] as string });
