/** Time. Only `node` and `simulator` implement it. */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump. For certificates and for people. */
  nowMs(): number;
  /** Milliseconds since some start. Never goes back. For durations and deadlines. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs`. */
  setTimer(delayMs: number, fire: () => void): Timer;
}

export interface Timer {
  /** After this `fire` is never called. Safe to call twice. */
  cancel(): void;
}
