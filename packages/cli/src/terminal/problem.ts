import { isMurmurError } from '@murmuration/core';
import { painter } from './style.ts';

const bold = painter('bold', process.stderr);
const dim = painter('dim', process.stderr);
const red = painter('red', process.stderr);

/** An error as a person reads it: what is wrong, what to do, and the code to look up in docs/errors.md. */
export function describeProblem(error: unknown): string {
  if (isMurmurError(error)) {
    const remedy = error.remedy === undefined ? '' : `\n  ${bold('what to do:')} ${error.remedy}`;
    return `${red('error')} ${error.message}${remedy}\n  ${dim(`code: ${error.code} (docs/errors.md)`)}`;
  }
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  const trace = process.env.MURMUR_TRACE === '1' ? `\n${dim(stack ?? '')}` : dim('\n  MURMUR_TRACE=1 shows where');
  return `${red('error')} ${message}${trace}`;
}

/** The same for programs: one JSON object. */
export function problemAsJson(error: unknown): string {
  if (isMurmurError(error)) {
    const { code, message, remedy, facts } = error;
    return JSON.stringify({ error: { code, message, remedy, facts } });
  }
  return JSON.stringify({
    error: { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error) },
  });
}
