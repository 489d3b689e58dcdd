/** What a person needs to know of a failure: which, what, and what to do. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Errors of the sdk carry a code and a remedy; anything else is a fault of this page and says so. */
export function problemOf(error: unknown): Problem {
  const problem = {
    code: 'DASHBOARD_UNEXPECTED',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'Reload the page; if it stays, report it with this code and what you did.',
  };
  if (!(error instanceof Error)) return problem;
  if ('code' in error && typeof error.code === 'string') problem.code = error.code;
  if ('remedy' in error && typeof error.remedy === 'string') problem.remedy = error.remedy;
  return problem;
}
