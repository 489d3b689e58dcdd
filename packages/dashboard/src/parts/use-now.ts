import { useSyncExternalStore } from 'react';

/** One ticker for the page: every age on it changes at the same moment. */
const TICK_MS = 1000;
const listeners = new Set<() => void>();
let timer: number | undefined;
let nowMs = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

/** This machine's time, refreshed once a second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}
