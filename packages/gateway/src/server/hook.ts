/** Runs a check in a hook of the callback kind: on the path of every request a promise costs more than the check. */
export function attempt(done: (error?: Error) => void, check: () => void): void {
  try {
    check();
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  done();
}
