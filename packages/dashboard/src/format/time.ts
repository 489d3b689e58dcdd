const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `8 s`, `4 min 12 s`, `3 h 5 min`, `2 d 4 h`. Never negative. */
export function duration(ms: number): string {
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`;
  if (left < HOUR) return pair(left, MINUTE, 'min', SECOND, 's');
  if (left < DAY) return pair(left, HOUR, 'h', MINUTE, 'min');
  return pair(left, DAY, 'd', HOUR, 'h');
}

function pair(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((ms % large) / small);
  const head = `${Math.floor(ms / large)} ${largeUnit}`;
  return rest === 0 ? head : `${head} ${rest} ${smallUnit}`;
}

/** `just now`, `12 s ago`, `in 4 min`. */
export function relative(atMs: number, nowMs: number): string {
  const past = nowMs - atMs;
  if (Math.abs(past) < 2 * SECOND) return 'just now';
  return past > 0 ? `${duration(coarse(past))} ago` : `in ${duration(coarse(-past))}`;
}

/** Above a minute the seconds only flicker. */
function coarse(ms: number): number {
  return ms < MINUTE ? ms : ms < HOUR ? ms - (ms % MINUTE) : ms;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export function clockTime(atMs: number): string {
  return clock.format(atMs);
}

export function fullTime(atMs: number): string {
  return full.format(atMs);
}
