import { clockTime, fullTime, relative } from '../format/time.ts';
import { useNow } from './use-now.ts';

/** `12 s ago`, with the full time on hover. */
export function Ago({ atMs }: { readonly atMs: number }) {
  const nowMs = useNow();
  return (
    <time dateTime={new Date(atMs).toISOString()} title={fullTime(atMs)}>
      {relative(atMs, nowMs)}
    </time>
  );
}

export function ClockTime({ atMs }: { readonly atMs: number }) {
  return (
    <time className="num" dateTime={new Date(atMs).toISOString()} title={fullTime(atMs)}>
      {clockTime(atMs)}
    </time>
  );
}
