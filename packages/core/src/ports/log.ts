/** Structured log. Facts are never keys, payloads or raw updates. */
export interface Log {
  debug(event: string, facts?: LogFacts): void;
  info(event: string, facts?: LogFacts): void;
  warn(event: string, facts?: LogFacts): void;
  error(event: string, facts?: LogFacts): void;
  child(facts: LogFacts): Log;
}

export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
