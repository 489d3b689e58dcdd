import {
  bytes,
  type DeviceId,
  decode,
  encode,
  equalBytes,
  type Infer,
  seededRandom,
  struct,
  toHex,
  uint,
} from '@murmuration/core';
import { type Attack, decodeUpdate, encodeUpdate, updateHash } from '@murmuration/learning';
import type { BlobService } from '../blob-service.ts';
import type { Chain } from '../chain.ts';
import type { ServiceDeps } from '../deps.ts';
import type { SubmitService } from '../submit-service.ts';
import type { JobContext } from './job-context.ts';
import type { UpdateInbox } from './update-inbox.ts';

const recordSchema = struct({ hash: bytes(32), samples: uint, bytes: uint });
const POLL_MS = 25;

type UpdateRecord = Infer<typeof recordSchema>;

export interface PlantedAttack {
  readonly attack: Attack;
  /** How long it waits to see the others' updates. */
  readonly patienceMs: number;
  /** Called when the first poisoned update leaves. */
  onLie(): void;
}

export interface ParticipantDeps extends ServiceDeps {
  readonly chain: Chain;
  readonly blobs: BlobService;
  readonly submit: SubmitService;
  readonly inbox: UpdateInbox;
}

/**
 * This device's own part in a round: train on its shard, keep the update, push it, commit its hash. The hash is
 * durable before it leaves, so a restart repeats the same update and never signs a second one.
 */
export class Participant {
  private readonly deps: ParticipantDeps;
  private readonly planted: PlantedAttack | undefined;

  constructor(deps: ParticipantDeps, planted: PlantedAttack | undefined) {
    this.deps = deps;
    this.planted = planted;
  }

  /** @returns whether the device has an update for this round */
  async serve(context: JobContext, round: number, model: Float32Array): Promise<boolean> {
    const { job } = context;
    const signed = await this.recorded(job, round);
    const kept = signed === undefined ? undefined : await this.deps.blobs.get('update', signed.hash);
    const update = kept ?? (await this.make(context, round, model, signed));
    const record = signed ?? (await this.recorded(job, round));
    if (update === undefined || record === undefined) return false;
    this.deps.inbox.push(job, round, update);
    const { hash, samples, bytes: length } = record;
    const receipt = await this.deps.submit.submit({ kind: 'commit-update', job, round, hash, samples, bytes: length });
    this.deps.log.debug('update-committed', { job, round, hash: toHex(hash), outcome: receipt.outcome });
    return true;
  }

  /**
   * Trains. What is recorded is stood by for ever: a second hash for one round would be evidence against this
   * device. So where power loss took the update and training again gives another, the round goes without us.
   */
  private async make(context: JobContext, round: number, model: Float32Array, signed: UpdateRecord | undefined) {
    const trained = await context.train(round, model);
    if (trained === undefined) return undefined;
    const update = encodeUpdate(await this.poison(context, round, trained.delta));
    const record = { hash: updateHash(update), samples: trained.samples, bytes: update.length };
    if (signed !== undefined && !equalBytes(signed.hash, record.hash)) {
      this.deps.log.warn('update-lost', { job: context.job, round });
      return undefined;
    }
    await this.deps.blobs.put('update', update);
    if (signed === undefined) {
      await this.deps.store.write([{ key: keyOf(context.job, round), value: encode(recordSchema, record) }]);
    }
    return update;
  }

  private async recorded(job: string, round: number): Promise<UpdateRecord | undefined> {
    const stored = await this.deps.store.get(keyOf(job, round));
    const record = stored === undefined ? undefined : decode(recordSchema, stored);
    return record?.ok === true ? record.value : undefined;
  }

  private async poison(context: JobContext, round: number, own: Float32Array): Promise<Float32Array> {
    const { planted } = this;
    if (planted === undefined) return own;
    const others = await this.awaitOthers(context, round, planted.patienceMs);
    return this.craft(planted, round, own, others);
  }

  /** What this device makes of its update where nobody shows it another one. */
  async poisonAlone(round: number, own: Float32Array): Promise<Float32Array> {
    return this.planted === undefined ? own : this.craft(this.planted, round, own, []);
  }

  private craft({ attack, onLie }: PlantedAttack, round: number, own: Float32Array, others: readonly Float32Array[]) {
    const random = seededRandom(`${this.deps.identity.device}/${attack.name}/${round}`);
    const crafted = attack.craft({ own, others, round, random });
    onLie();
    return crafted;
  }

  /** Waits until every other participant pushed its update, or patience ends. */
  private async awaitOthers(context: JobContext, round: number, patienceMs: number): Promise<Float32Array[]> {
    const { clock, inbox, identity, chain } = this.deps;
    const endMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      const pushed = inbox.pushed(context.job, round);
      const wanted = context.participants(chain.ledger).filter((device) => device !== identity.device);
      const missing = wanted.filter((device) => !pushed.has(device) && this.deps.port.peers().includes(device));
      if (missing.length === 0 || clock.monotonicMs() >= endMs) return readable(wanted, pushed, context.weights);
      await new Promise<void>((resolve) => clock.setTimer(POLL_MS, resolve));
    }
  }
}

function readable(wanted: readonly DeviceId[], pushed: ReadonlyMap<DeviceId, Uint8Array>, length: number) {
  return wanted.flatMap((device) => {
    const bytes = pushed.get(device);
    const update = bytes === undefined ? undefined : decodeUpdate(bytes, length);
    return update?.ok ? [update.value] : [];
  });
}

function keyOf(job: string, round: number): string {
  return `learning/update/${job}/${String(round).padStart(6, '0')}`;
}
