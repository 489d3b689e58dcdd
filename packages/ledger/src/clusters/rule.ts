import type { AtomicEntry } from './schema.ts';

/** What one cluster knows when it is asked to resolve a deal that it has prepared. */
export interface AtomicView {
  readonly role: 'coordinator' | 'participant';
  readonly deadlineMs: number;
  /** Own block time. */
  readonly nowMs: number;
  /** What a certified state of the other cluster shows of the deal; null where none was shown. */
  readonly other: { readonly state: AtomicEntry['state'] | 'absent'; readonly timeMs: number } | null;
}

export type AtomicVerdict = 'commit' | 'abort' | 'undecided';

/**
 * The rule of the commit. The coordinator alone decides: it commits before the deadline, and only once the other one
 * is shown to have prepared, which binds that one; from the deadline on it aborts. The participant follows: it
 * commits when the coordinator has, and aborts when the coordinator has, or can commit no more, because its certified
 * block time has reached the deadline with nothing committed. It never goes by its own clock. So whatever is delayed,
 * lost or shown late, no one commits what the other aborts: an old state of the coordinator proves nothing that a
 * newer one takes back.
 */
export function resolveAtomic({ role, deadlineMs, nowMs, other }: AtomicView): AtomicVerdict {
  if (role === 'coordinator') {
    if (nowMs >= deadlineMs) return 'abort';
    return other?.state === 'prepared' ? 'commit' : 'undecided';
  }
  if (other === null) return 'undecided';
  if (other.state === 'committed') return 'commit';
  return other.state === 'aborted' || other.timeMs >= deadlineMs ? 'abort' : 'undecided';
}
