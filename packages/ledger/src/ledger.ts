import { maxFaulty, quorum, type ReplicaSet } from '@murmuration/consensus';
import { type DeviceId, MurmurError } from '@murmuration/core';
import { ed25519Verify } from '@murmuration/crypto';
import type { AtomicEntry, ClusterEntry } from './clusters/schema.ts';
import { certificateOf } from './devices/certificates.ts';
import { enterDevice } from './devices/register.ts';
import { certificateKey, type DeviceEntry } from './devices/schema.ts';
import type { LedgerEvent } from './events.ts';
import { feeStateOf } from './fees/fee-state.ts';
import { type FeePolicy, FREE } from './fees/policy.ts';
import { type Genesis, replicaSetOf, type VerifiedGenesis, verifyGenesis } from './genesis.ts';
import { recountRounds } from './learning/recount.ts';
import { type JobEntry, type RoundEntry, roundKey } from './learning/schema.ts';
import { isQuarantined, passTime } from './quarantine/quarantine.ts';
import type { EvidenceEntry, QuarantineEntry } from './quarantine/schema.ts';
import { type FirstReceipt, firstReceiptOf, type Receipt } from './receipt.ts';
import { decideReplicas } from './replicas/decide.ts';
import { beginsEpoch, setOf } from './replicas/epochs.ts';
import { epochKey, type SeatWish } from './replicas/schema.ts';
import { cutState } from './snapshot/cut.ts';
import { encodeSnapshot } from './snapshot/snapshot.ts';
import { createLedgerState, type LedgerState, META_KEY, metaOf } from './state/ledger-state.ts';
import type { StateAnswer, StateProof } from './state/proof.ts';
import { applyRequest } from './state-machine.ts';
import type { Chain, Turn } from './turn.ts';

/** A block as consensus committed it. */
export interface Block {
  /** One more than the ledger's. */
  readonly height: number;
  /** Of the batch; the ledger never goes back in time, whatever a primary says. */
  readonly timeMs: number;
  readonly requests: readonly Uint8Array[];
}

export interface Applied {
  readonly receipts: readonly Receipt[];
  readonly events: readonly LedgerEvent[];
}

/** The replicated state machine: a pure function of the genesis and the blocks. Lists are sorted by their keys. */
export interface Ledger {
  readonly chainId: Uint8Array;
  readonly height: number;
  /** Block time: the highest so far, unix milliseconds. */
  readonly timeMs: number;
  /** @throws LEDGER_HEIGHT_GAP, LEDGER_TIME_INVALID; never for what a request holds */
  apply(block: Block): Applied;
  /** 32 bytes: the Merkle root over the whole state at this height. */
  root(): Uint8Array;
  /** The whole state, for `restoreLedger`. */
  snapshot(): Uint8Array;
  /** The same in chunks of about 64 KiB, each with its proof under `root()`, for `assembleLedger`. */
  chunks(): readonly Uint8Array[];
  /** A proof of one leaf (`device/…`, `round/JOB/…`, see the README) under `root()`. */
  prove(key: string): StateProof | undefined;
  /** The same where it is there, else a proof that it is not. */
  answer(key: string): StateAnswer;

  devices(): readonly DeviceEntry[];
  device(device: DeviceId): DeviceEntry | undefined;
  /**
   * A certificate of a registered device, as received: the newest, or the one of `key`. Older ones are kept while the
   * key is a replica's in an epoch that is remembered, or a kept proof was signed under it.
   */
  certificate(device: DeviceId, key?: Uint8Array): Uint8Array | undefined;
  /** What became of a command of the last 64 sequence numbers of a device; undefined where none used it. */
  receiptOf(device: DeviceId, sequence: number): FirstReceipt | undefined;
  /** The sequence number to sign the next command with; 1 for an unknown device. */
  nextSequence(device: DeviceId): number;
  jobs(): readonly JobEntry[];
  job(job: string): JobEntry | undefined;
  /** Undefined where it is not open yet, or forgotten. */
  round(job: string, round: number): RoundEntry | undefined;
  /** Of one job, ascending. */
  rounds(job: string): readonly RoundEntry[];
  quarantines(): readonly QuarantineEntry[];
  /** As of the last block: quarantined or banned. */
  isQuarantined(device: DeviceId): boolean;
  evidence(): readonly EvidenceEntry[];
  /**
   * Who decides which heights, by epoch; the last one begins later where its `baseHeight` is above `height`. Those
   * of the last 256 epochs. One of epoch 0 where the replicas are fixed.
   */
  epochs(): readonly LedgerEpoch[];
  /** Devices that replicas want to join or leave them. */
  seats(): readonly SeatWish[];
  /** Other clusters that this one follows. */
  clusters(): readonly ClusterEntry[];
  /** @param id `atomicId` in hexadecimal */
  deal(id: string): AtomicEntry | undefined;
}

export interface LedgerEpoch {
  readonly set: ReplicaSet;
  /** The last height of the epoch before. */
  readonly baseHeight: number;
}

export interface LedgerOptions {
  /** What commands cost; its id is the one in the genesis. @default everything is free */
  readonly fees?: FeePolicy;
  /** Checks the signatures of commands, with the verdicts of the default. @default crypto's ed25519Verify */
  readonly verify?: typeof ed25519Verify;
}

/**
 * The ledger before its first block: the replicas are registered.
 * @throws LEDGER_GENESIS_INVALID, LEDGER_FEE_POLICY
 */
export function createLedger(genesis: Genesis, options: LedgerOptions = {}): Ledger {
  const verified = verifyGenesis(genesis);
  const chain = chainOf(verified, options);
  const state = createLedgerState();
  const { createdMs: timeMs } = genesis;
  state.meta.set(META_KEY, { chainId: chain.chainId, height: 0, timeMs, roundsClosed: 0 });
  const turn: Turn = { chain, state, height: 0, nowMs: timeMs, emit: () => undefined };
  for (const [i, certificate] of verified.replicas.entries()) {
    enterDevice(turn, certificate, genesis.replicas[i] as Uint8Array, genesis.names[i] as string);
  }
  if (genesis.lookahead !== undefined) {
    const replicas = verified.replicas.map(({ device, key }) => ({ device, key }));
    state.epochs.set(epochKey(0), { epoch: 0, baseHeight: 0, replicas });
  }
  chain.fees.open?.(feeStateOf(state.fees));
  return ledgerOf(chain, state);
}

/** @throws LEDGER_FEE_POLICY */
export function chainOf(verified: VerifiedGenesis, { fees = FREE, verify = ed25519Verify }: LedgerOptions = {}): Chain {
  const { genesis, chainId, replicas: certificates } = verified;
  if (fees.id !== (genesis.fees ?? FREE.id)) throw otherPolicy(genesis, fees);
  const replicas = certificates.map(({ device }) => device);
  const seats = new Set(replicas);
  return {
    genesis,
    chainId,
    replicas,
    isReplica: (device) => seats.has(device),
    faulty: maxFaulty(replicas.length),
    quorum: quorum(replicas.length),
    fees,
    verify,
  };
}

function otherPolicy({ name, fees }: Genesis, given: FeePolicy): MurmurError {
  return new MurmurError({
    code: 'LEDGER_FEE_POLICY',
    message: `the chain "${name}" charges by ${fees ?? 'no policy'}, but ${given.id || 'no policy'} was given`,
    remedy: 'give the policy that the genesis names, in the same version: replicas with another one would disagree',
    facts: { genesis: fees ?? '', given: given.id },
  });
}

/** The ledger over a state that was made or restored. */
export function ledgerOf(chain: Chain, state: LedgerState): Ledger {
  return {
    chainId: chain.chainId,
    get height() {
      return metaOf(state).height;
    },
    get timeMs() {
      return metaOf(state).timeMs;
    },
    apply: (block) => applyBlock(chain, state, block),
    root: () => state.store.root(),
    snapshot: () => encodeSnapshot(chain.chainId, metaOf(state).height, state.store.entries()),
    chunks: () => cutState(state.store),
    prove: (key) => state.store.prove(key),
    answer: (key) => state.store.answer(key),
    devices: () => state.devices.values(),
    device: (device) => state.devices.get(device),
    certificate: (device, key) => {
      if (key !== undefined) return certificateOf(state, device, key)?.certificate;
      const entry = state.devices.get(device);
      return entry && state.certificates.get(certificateKey(device, entry.epoch))?.certificate;
    },
    receiptOf: (device, sequence) => {
      const used = state.replay.get(device)?.recent.find((entry) => entry.sequence === sequence);
      return used && firstReceiptOf(used);
    },
    nextSequence: (device) => (state.replay.get(device)?.highest ?? 0) + 1,
    jobs: () => state.jobs.values(),
    job: (job) => state.jobs.get(job),
    round: (job, round) => state.rounds.get(roundKey(job, round)),
    rounds: (job) => state.rounds.values().filter((entry) => entry.job === job),
    quarantines: () => state.quarantines.values(),
    isQuarantined: (device) => isQuarantined(state, device),
    evidence: () => state.evidence.values(),
    epochs: () => epochsOf(chain, state),
    seats: () => state.seats.values(),
    clusters: () => state.clusters.values(),
    deal: (id) => state.atomics.get(id),
  };
}

function epochsOf({ chainId, genesis }: Chain, { epochs }: LedgerState): readonly LedgerEpoch[] {
  if (epochs.size === 0) return [{ set: replicaSetOf(genesis), baseHeight: 0 }];
  return epochs.values().map((entry) => ({ set: setOf(chainId, entry), baseHeight: entry.baseHeight }));
}

function applyBlock(chain: Chain, state: LedgerState, block: Block): Applied {
  const meta = metaOf(state);
  checkBlock(meta.height, block);
  const nowMs = Math.max(meta.timeMs, block.timeMs);
  state.meta.set(META_KEY, { ...meta, height: block.height, timeMs: nowMs });
  const events: LedgerEvent[] = [];
  const turn: Turn = { chain, state, height: block.height, nowMs, emit: (event) => events.push(event) };
  passTime(turn);
  if (beginsEpoch(turn)) recountRounds(turn);
  const receipts = block.requests.map((request) => applyRequest(turn, request));
  decideReplicas(turn);
  return { receipts, events };
}

function checkBlock(height: number, block: Block): void {
  if (block.height !== height + 1) {
    throw new MurmurError({
      code: 'LEDGER_HEIGHT_GAP',
      message: `block ${block.height} does not follow block ${height}`,
      remedy: 'apply every committed block once, in height order; after a jump restore a snapshot first',
      facts: { height: block.height, expected: height + 1 },
    });
  }
  if (!Number.isSafeInteger(block.timeMs) || block.timeMs < 0) {
    throw new MurmurError({
      code: 'LEDGER_TIME_INVALID',
      message: `block ${block.height} has the time ${block.timeMs}, which is no whole number of milliseconds`,
      remedy: 'pass the time of the committed batch',
      facts: { height: block.height },
    });
  }
}
