/** Stamps remembered of one sender: as many of its messages may overtake one another. */
const REMEMBERED = 64;
/** Stamps in a millisecond: a sender's stamps grow by one, and never fall behind its clock. */
const PER_MS = 1024;

/**
 * Stamps of messages that change something though nobody signs them. A sender counts up from its clock, so that a
 * restart needs no memory; a receiver takes each stamp once, and none that is older than clocks may differ: so it needs
 * no memory either.
 */
export class ReplayWindow {
  private readonly maxSkewMs: number;
  private readonly seen: number[] = [];
  private floor = 0;

  /** @param maxSkewMs clocks of senders and receiver differ by no more */
  constructor(maxSkewMs: number) {
    this.maxSkewMs = maxSkewMs;
  }

  /** @returns why a message of this stamp is not listened to, if so */
  take(stamp: number, nowMs: number): 'replayed' | 'future-stamp' | undefined {
    const oldest = Math.max(this.floor, (nowMs - this.maxSkewMs) * PER_MS);
    if (stamp <= oldest || this.seen.includes(stamp)) return 'replayed';
    if (stamp > (nowMs + this.maxSkewMs) * PER_MS) return 'future-stamp';
    this.seen.push(stamp);
    if (this.seen.length <= REMEMBERED) return undefined;
    this.floor = Math.min(...this.seen);
    this.seen.splice(this.seen.indexOf(this.floor), 1);
    return undefined;
  }
}

/** @returns the stamp after `last`, at this time */
export function nextStamp(last: number, nowMs: number): number {
  return Math.max(last + 1, nowMs * PER_MS);
}
