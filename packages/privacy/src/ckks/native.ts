import { MurmurError } from '@murmuration/core';
import type { ClassHandle, MainModule } from 'node-seal';

/**
 * Owns one object of the WebAssembly heap, which no collector sees. Whoever gets one from a function disposes it;
 * arguments stay the caller's.
 */
export class Native<H extends ClassHandle> implements Disposable {
  readonly what: string;
  #handle: H | undefined;

  constructor(what: string, handle: H) {
    this.what = what;
    this.#handle = handle;
  }

  get isDisposed(): boolean {
    return this.#handle === undefined;
  }

  /** @throws PRIVACY_CKKS_DISPOSED */
  get handle(): H {
    if (this.#handle !== undefined) return this.#handle;
    throw disposed(this.what);
  }

  /** Twice is no error. */
  [Symbol.dispose](): void {
    this.#handle?.delete();
    this.#handle = undefined;
  }
}

export function disposed(what: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_CKKS_DISPOSED',
    message: `${what} was used after its disposal`,
    remedy: 'keep what it is declared by `using` in scope for as long as it is used',
    facts: { what },
  });
}

/** Runs `run`, and turns what SEAL throws, which is no Error, into one. @throws PRIVACY_CKKS_NATIVE, PRIVACY_CKKS_TRANSPARENT */
export function native<T>(seal: MainModule, what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof MurmurError) throw error;
    throw nativeError(what, wordsOf(seal, error));
  }
}

/** The same where bytes of a peer are read: @returns what SEAL says against them. */
export function nativeRefusal(seal: MainModule, run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return wordsOf(seal, error);
  }
}

/** A C++ exception carries [type, text]; it is counted, and given back here. */
function wordsOf(seal: MainModule, error: unknown): string {
  if (!(error instanceof WebAssembly.Exception)) return error instanceof Error ? error.message : String(error);
  const message: unknown = Reflect.get(error, 'message');
  const giveBack: unknown = Reflect.get(seal, 'decrementExceptionRefcount');
  if (typeof giveBack === 'function') giveBack(error);
  return Array.isArray(message) ? String(message.at(-1)) : 'an exception without words';
}

function nativeError(what: string, words: string): MurmurError {
  if (words.includes('transparent')) {
    return new MurmurError({
      code: 'PRIVACY_CKKS_TRANSPARENT',
      message: `${what} would give a ciphertext that anyone can read`,
      remedy: 'leave out products with zeros and differences of a vector with itself: their result needs no encryption',
      facts: { what },
    });
  }
  return new MurmurError({
    code: 'PRIVACY_CKKS_NATIVE',
    message: `SEAL failed to ${what}: ${words}`,
    remedy: 'where memory ran out, give each instance a worker of its own and dispose what is no longer used',
    facts: { what, words },
  });
}
