/** `0.8312` as `83.1 %`; unknown as a dash. */
export function percent(value: number | null): string {
  return value === null ? '–' : `${(100 * value).toFixed(1)} %`;
}

export function seconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(1)} s`;
}

export function milliseconds(value: number | null): string {
  if (value === null) return '–';
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** Unix milliseconds as local `2026-11-21 10:03:12`. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function shortHash(hex: string | null): string {
  return hex === null ? '–' : hex.slice(0, 12);
}
