import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Finality } from '../../src/engine.ts';
import { requireDeterministic } from '../../src/probft/finality.ts';

const commit = (finality: Finality) => ({
  height: 1,
  payload: new Uint8Array(1),
  certificate: new Uint8Array(0),
  finality,
});

test('only a deterministic commit passes where deterministic finality is asked', () => {
  expect(requireDeterministic(commit('deterministic')).finality).toBe('deterministic');
  for (const finality of ['probabilistic', 'crash'] as const) {
    expect(() => requireDeterministic(commit(finality))).toThrow(
      expect.objectContaining({ code: 'CONSENSUS_NOT_DETERMINISTIC' }),
    );
  }
});

/** @returns what the compiler says of these lines; empty where they compile */
function compile(lines: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'finality-'));
  const source = fileURLToPath(new URL('../../src/probft/finality.ts', import.meta.url));
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  try {
    const file = join(folder, 'case.ts');
    writeFileSync(
      file,
      `import type { DeterministicCommit, ProbabilisticCommit } from '${source}';\n` +
        'declare const probable: ProbabilisticCommit;\ndeclare const final: DeterministicCommit;\n' +
        `declare function settle(commit: DeterministicCommit): void;\n${lines}\n`,
    );
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const flags = '--noEmit --strict --skipLibCheck --target esnext --module nodenext --allowImportingTsExtensions';
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
    const condition = ['--customConditions', 'murmuration-src', ...types];
    execFileSync(tsc, [...flags.split(' '), ...condition, file], { cwd: folder, stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a probabilistic commit where a deterministic one is asked does not compile', () => {
  expect(compile('settle(final);')).toBe('');
  expect(compile('settle(probable);')).toMatch(/'ProbabilisticCommit' is not assignable to .*'DeterministicCommit'/);
});
