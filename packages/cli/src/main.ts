import { CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createProgram, problemOf } from './program.ts';
import { describeProblem, problemAsJson } from './terminal/problem.ts';

process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    const problem = error instanceof CommanderError ? problemOf(error) : error;
    // Help was printed: asked for, or because a command was left out.
    if (problem === undefined) return error instanceof CommanderError && error.exitCode !== 0 ? EXIT.usage : EXIT.ok;
    process.stderr.write(`${argv.includes('--json') ? problemAsJson(problem) : describeProblem(problem)}\n`);
    return exitCodeOf(problem);
  }
}
