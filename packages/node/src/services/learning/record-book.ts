import { decode, encode, finite, type Infer, integer, optional, type Store, struct, text } from '@murmuration/core';

const PREFIX = 'learning/round/';

/** What this device measured about one round. Local: other devices measure their own. */
const recordSchema = struct({
  job: text(32),
  round: integer(1),
  /** On the held-back samples, in [0, 1]; null where it was not evaluated. */
  accuracy: optional(finite),
  /** From the round's opening to its end, as this device saw them; null where it was not there. */
  seconds: optional(finite),
});
export type RoundRecord = Infer<typeof recordSchema>;

/** Measurements by job and round; kept in the store, so a restart forgets none. */
export class RecordBook {
  private readonly store: Store;
  private readonly records = new Map<string, RoundRecord>();

  constructor(store: Store) {
    this.store = store;
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.store.scan(PREFIX, { reverse: true, limit: 1000 })) {
      const record = decode(recordSchema, value);
      if (record.ok) this.records.set(key, record.value);
    }
  }

  get(job: string, round: number): RoundRecord | undefined {
    return this.records.get(keyOf(job, round));
  }

  async put(change: Partial<RoundRecord> & Pick<RoundRecord, 'job' | 'round'>): Promise<RoundRecord> {
    const key = keyOf(change.job, change.round);
    const record = { accuracy: null, seconds: null, ...this.records.get(key), ...change };
    this.records.set(key, record);
    if (this.records.size > 2000) this.records.delete(this.records.keys().next().value as string);
    await this.store.write([{ key, value: encode(recordSchema, record) }], { durable: false });
    return record;
  }
}

function keyOf(job: string, round: number): string {
  return `${PREFIX}${job}/${String(round).padStart(6, '0')}`;
}
