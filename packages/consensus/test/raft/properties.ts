import { toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { RaftEngine } from '../../src/raft/events.ts';

/** Raft's five properties (paper, figure 3), checked on what each member shows after each of its steps. */
export class Properties {
  private readonly leaderOf = new Map<number, number>();
  /** What an entry of this index and term holds, with the term before it: equal wherever it occurs. */
  private readonly entries = new Map<string, string>();
  /** Height → term and state of what was committed there. */
  private readonly committed = new Map<number, { readonly term: number | undefined; readonly state: string }>();
  private readonly led: ({ term: number; lastIndex: number; lastTerm: number } | undefined)[];
  highest = 0;
  installs = 0;

  constructor(size: number) {
    this.led = Array.from({ length: size }, () => undefined);
  }

  crashed(i: number): void {
    this.led[i] = undefined;
  }

  check(i: number, engine: RaftEngine): void {
    const { status } = engine;
    if (status.role === 'leader') {
      this.electionSafety(i, status.term);
      this.leaderAppendOnly(i, engine);
    } else this.led[i] = undefined;
    this.logMatching(engine);
  }

  /** State Machine Safety: no two members apply different entries at one index. */
  applied(i: number, height: number, state: string, engine: RaftEngine | null): void {
    const known = this.committed.get(height);
    if (known !== undefined && known.state !== state) throw new Error(`State Machine Safety: ${i} at ${height}`);
    if (known === undefined) this.committed.set(height, { term: engine?.log.termAt(height), state });
    this.highest = Math.max(this.highest, height);
  }

  installed(i: number, height: number, state: string): void {
    this.installs += 1;
    const known = this.committed.get(height);
    if (known?.state !== state) throw new Error(`State Machine Safety: ${i} installed another state at ${height}`);
  }

  private electionSafety(i: number, term: number): void {
    const known = this.leaderOf.get(term);
    if (known !== undefined && known !== i) throw new Error(`Election Safety: ${known} and ${i} lead term ${term}`);
    this.leaderOf.set(term, i);
  }

  private leaderAppendOnly(i: number, { status, log }: RaftEngine): void {
    const before = this.led[i];
    if (before?.term === status.term) {
      const kept = before.lastIndex < log.baseIndex || log.termAt(before.lastIndex) === before.lastTerm;
      if (log.lastIndex < before.lastIndex || !kept) throw new Error(`Leader Append-Only: ${i} in term ${status.term}`);
    } else this.leaderCompleteness(i, status.term, log);
    this.led[i] = { term: status.term, lastIndex: log.lastIndex, lastTerm: log.termAt(log.lastIndex) as number };
  }

  private leaderCompleteness(i: number, term: number, log: RaftEngine['log']): void {
    for (const [height, entry] of this.committed) {
      if (height <= log.baseIndex) continue;
      if (entry.term === undefined || entry.term > term) continue;
      if (log.termAt(height) !== entry.term)
        throw new Error(`Leader Completeness: ${i} in term ${term} lacks ${height}`);
    }
  }

  private logMatching({ log, status }: RaftEngine): void {
    for (let index = Math.max(log.baseIndex + 1, status.commit - 1); index <= log.lastIndex; index++) {
      const entry = log.at(index);
      if (entry === undefined) throw new Error(`a hole in a log at ${index}`);
      const content = `${log.termAt(index - 1)} ${toHex(sha3_256(entry.payload)).slice(0, 16)} ${JSON.stringify(entry.members)}`;
      const known = this.entries.get(`${index} ${entry.term}`);
      if (known !== undefined && known !== content) throw new Error(`Log Matching: index ${index}, term ${entry.term}`);
      this.entries.set(`${index} ${entry.term}`, content);
    }
  }
}
