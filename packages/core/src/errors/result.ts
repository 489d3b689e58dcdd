/** What became of bytes or a request that a peer chose. Expected, so returned and never thrown. */
export type Result<T, Reason extends string = string> = Accepted<T> | Refused<Reason>;

export interface Accepted<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Refused<Reason extends string = string> {
  readonly ok: false;
  /** Stable, kebab case, safe as a metric label: `stale-view`. */
  readonly reason: Reason;
  /** For a person. */
  readonly detail?: string;
}

export function accept<T>(value: T): Accepted<T> {
  return { ok: true, value };
}

export function refuse<Reason extends string>(reason: Reason, detail?: string): Refused<Reason> {
  return detail === undefined ? { ok: false, reason } : { ok: false, reason, detail };
}
