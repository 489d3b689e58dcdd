export interface MurmurErrorInit {
  /** Stable and upper case, family first (`CONFIG_UNKNOWN_KEY`); each has a heading in docs/errors.md. */
  readonly code: string;
  /** One sentence that a person understands: what is wrong, with the names and values at hand. */
  readonly message: string;
  /** One sentence that says what to do. */
  readonly remedy?: string;
  /** Typed facts for programs. Never a secret. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

/**
 * The caller or the world is wrong. A peer's bad bytes are never thrown: they are a `Refused`.
 */
export class MurmurError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  readonly facts: Readonly<Record<string, string | number | boolean>>;

  constructor(init: MurmurErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'MurmurError';
    this.code = init.code;
    this.remedy = init.remedy;
    this.facts = init.facts ?? {};
  }
}

export function isMurmurError(error: unknown, code?: string): error is MurmurError {
  return error instanceof MurmurError && (code === undefined || error.code === code);
}
