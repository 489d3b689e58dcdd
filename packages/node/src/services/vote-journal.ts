import type { EngineEffect, EngineRecord, EpochsEffect } from '@murmuration/consensus';
import {
  bytes,
  type Change,
  concatBytes,
  decode,
  encode,
  equalBytes,
  fromUtf8,
  isMurmurError,
  MurmurError,
  type Store,
  struct,
  uint,
  utf8,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';

const RECORDS = 'engine/';
const SEAL_KEY = 'votes/seal';
const DUPLICATED_KEY = 'votes/duplicated';
const PAGE = 500;
const MARK_BYTES = 8;
/** Votes are shorter; of a batch its head suffices, since the store checks each value by itself. */
const MARKED_BYTES = 512;

const sealSchema = struct({ count: uint, mix: bytes(MARK_BYTES) });

/**
 * What the engine keeps, under a seal that is written in the same transaction: their number, and a mix of all of
 * them. So a record that vanishes, comes back or is swapped is noticed before the replica votes again.
 */
export class VoteJournal {
  private readonly store: Store;
  private readonly marks = new Map<string, Uint8Array>();
  private readonly mix = new Uint8Array(MARK_BYTES);

  constructor(store: Store) {
    this.store = store;
  }

  /** @throws VOTES_DAMAGED, KEY_IN_USE_ELSEWHERE */
  async read(): Promise<readonly EngineRecord[]> {
    const duplicated = await this.store.get(DUPLICATED_KEY);
    if (duplicated !== undefined) throw keyInUseElsewhere(fromUtf8(duplicated) ?? 'it was noticed earlier');
    const records = await this.readRecords().catch((error: unknown) => {
      throw isMurmurError(error) ? damaged(error.message, error) : error;
    });
    for (const { key, value } of records) this.note(key, value);
    const wire = await this.store.get(SEAL_KEY);
    if (wire === undefined && records.length === 0) return records;
    const seal = wire === undefined ? undefined : decode(sealSchema, wire);
    if (seal === undefined || !seal.ok) throw damaged('their seal is missing or cannot be read');
    const { count, mix } = seal.value;
    if (count !== records.length) throw damaged(`${records.length} records are there, ${count} were written`);
    if (!equalBytes(mix, this.mix)) throw damaged('they are not the records that were written');
    return records;
  }

  /** What to write for these effects, seal included; nothing where none persists anything. */
  changes(effects: readonly (EngineEffect | EpochsEffect)[]): readonly Change[] {
    const changes: Change[] = [];
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue;
      this.note(effect.key, effect.value);
      changes.push({ key: RECORDS + effect.key, value: effect.value });
    }
    if (changes.length === 0) return changes;
    const seal = { count: this.marks.size, mix: this.mix };
    return [...changes, { key: SEAL_KEY, value: encode(sealSchema, seal) }];
  }

  /** For good: another process has votes of this key that this one does not know. */
  async forbid(why: string): Promise<void> {
    await this.store.write([{ key: DUPLICATED_KEY, value: utf8(why) }]);
  }

  private async readRecords(): Promise<EngineRecord[]> {
    const records: EngineRecord[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await this.store.scan(RECORDS, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const { key, value } of page) records.push({ key: key.slice(RECORDS.length), value });
      after = page.at(-1)?.key;
      if (page.length < PAGE) return records;
    }
  }

  private note(key: string, value: Uint8Array | null): void {
    const old = this.marks.get(key);
    if (old !== undefined) this.blend(old);
    if (value === null) {
      this.marks.delete(key);
      return;
    }
    const mark = sha3_256(concatBytes(utf8(`${key}\0`), value.subarray(0, MARKED_BYTES))).slice(0, MARK_BYTES);
    this.marks.set(key, mark);
    this.blend(mark);
  }

  private blend(mark: Uint8Array): void {
    for (let i = 0; i < MARK_BYTES; i++) this.mix[i] = (this.mix[i] as number) ^ (mark[i] as number);
  }
}

export function keyInUseElsewhere(why: string): MurmurError {
  return new MurmurError({
    code: 'KEY_IN_USE_ELSEWHERE',
    message: `another process signs with the key of this device: ${why}. This one does not vote any more`,
    remedy:
      'find the other process, most likely on a copy of this home or on a machine restored from a backup, and stop it; then let the device join under a new key, since neither process knows the votes of the other',
  });
}

function damaged(why: string, cause?: unknown): MurmurError {
  return new MurmurError({
    code: 'VOTES_DAMAGED',
    message: `the votes in the store are damaged: ${why}. This device does not vote: what it forgot it could contradict`,
    remedy:
      'do not delete the store and go on with this key, and do not go back to an older copy: make a home with a new key, and have the swarm take it in this one’s place by reconfiguration',
    ...(cause === undefined ? {} : { cause }),
  });
}
