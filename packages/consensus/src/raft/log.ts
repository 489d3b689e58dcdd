import { assert, bytesUpTo, type Infer, optional, struct, uint } from '@murmuration/core';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { type Members, membersSchema } from './members.ts';

/** One place of the log. Every entry carries a batch; a leader's first is empty, and so is one that changes members. */
export const entrySchema = struct({
  term: uint,
  members: optional(membersSchema),
  payload: bytesUpTo(MAX_BATCH_BYTES),
});

export type Entry = Infer<typeof entrySchema>;

/** What stands for everything up to `index`. At index 0: the configuration that the cluster was born with. */
export interface Base {
  readonly index: number;
  readonly term: number;
  readonly members: Members;
  readonly snapshot: Uint8Array;
}

/** For checkers and tools. */
export interface RaftLogView {
  /** The index below the first entry kept. */
  readonly baseIndex: number;
  readonly lastIndex: number;
  /** @returns the term at `index`, also at `baseIndex`; undefined where nothing is known of it */
  termAt(index: number): number | undefined;
  at(index: number): Entry | undefined;
}

/** The entries above the snapshot. Says what changed; the caller makes it durable. */
export class RaftLog implements RaftLogView {
  private start: Base;
  private entries: Entry[] = [];

  constructor(base: Base) {
    this.start = base;
  }

  get base(): Base {
    return this.start;
  }

  get baseIndex(): number {
    return this.start.index;
  }

  get lastIndex(): number {
    return this.start.index + this.entries.length;
  }

  get lastTerm(): number {
    return this.termAt(this.lastIndex) as number;
  }

  termAt(index: number): number | undefined {
    return index === this.start.index ? this.start.term : this.at(index)?.term;
  }

  at(index: number): Entry | undefined {
    return this.entries[index - this.start.index - 1];
  }

  /** @returns entries from `index` on, at least one where there is one, of at most `maxBytes` and `maxCount` */
  slice(index: number, maxBytes: number, maxCount: number): Entry[] {
    const taken: Entry[] = [];
    let bytes = 0;
    for (let at = index; at <= this.lastIndex && taken.length < maxCount; at++) {
      const entry = this.at(at) as Entry;
      bytes += entry.payload.length;
      if (taken.length > 0 && bytes > maxBytes) break;
      taken.push(entry);
    }
    return taken;
  }

  append(...entries: readonly Entry[]): void {
    this.entries.push(...entries);
  }

  /** Drops `index` and all above. */
  truncate(index: number): void {
    assert(index > this.start.index, `entry ${index} is in the snapshot at ${this.start.index}`);
    this.entries.length = index - this.start.index - 1;
  }

  /** A snapshot takes the place of everything up to its index; entries above it stay where its term is theirs. */
  compact(base: Base): void {
    const fits = this.termAt(base.index) === base.term && base.index >= this.start.index;
    this.entries = fits ? this.entries.slice(base.index - this.start.index) : [];
    this.start = base;
  }

  /** The newest configuration in the log: thesis §4.1 uses it whether or not it is committed. */
  members(): { readonly members: Members; readonly index: number } {
    return this.membersAt(this.lastIndex);
  }

  /** The configuration in force after the entry at `last`. */
  membersAt(last: number): { readonly members: Members; readonly index: number } {
    for (let index = last; index > this.start.index; index--) {
      const { members } = this.at(index) as Entry;
      if (members !== null) return { members, index };
    }
    return { members: this.start.members, index: this.start.index };
  }

  /** The highest index up to `index` whose term is at most `term`: skips a whole conflicting term at once. */
  lastIndexWithTermUpTo(term: number, index: number): number {
    let at = Math.min(index, this.lastIndex);
    while (at > this.start.index && (this.termAt(at) as number) > term) at--;
    return at;
  }

  /** Whether a log that ends like that is at least as complete as this one: paper §5.4.1. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }
}
