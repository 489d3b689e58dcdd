import type { Sink } from './shell.ts';

type TimerEffect =
  | { readonly kind: 'setTimer'; readonly id: string; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly id: string };

/** What each timer that runs was set for. */
export type Timers = Map<string, string>;

/**
 * Sets a timer for what it is now `wanted` for, null for nothing; one that waits for that already goes on.
 * @returns whether it was set anew
 */
export function settleTimer(
  shell: Sink<TimerEffect> & { readonly timers: Timers },
  id: string,
  wanted: string | null,
  delayMs: number,
): boolean {
  if ((shell.timers.get(id) ?? null) === wanted) return false;
  if (wanted === null) {
    shell.timers.delete(id);
    shell.effects.push({ kind: 'cancelTimer', id });
    return false;
  }
  shell.timers.set(id, wanted);
  shell.effects.push({ kind: 'setTimer', id, delayMs });
  return true;
}
