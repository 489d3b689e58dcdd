import { platform } from '#platform';

/** Compares secrets (tags, keys, tokens) in a time that depends on their lengths only. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && platform.constantTimeEqual(a, b);
}

/**
 * Overwrites secrets once they are no longer needed. Best effort: the engine may have copied them before,
 * and a copy inside the platform's crypto library is out of reach.
 */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
