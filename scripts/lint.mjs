// Biome's umbrella package leaves binaries of other platforms out of the lockfile, so we call the
// platform package's binary ourselves.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(
  new URL(`../node_modules/@biomejs/cli-${process.platform}-${process.arch}/biome`, import.meta.url),
);
const given = process.argv.slice(2);
const { status, error } = spawnSync(binary, given.length > 0 ? given : ['check', '--error-on-warnings', '.'], {
  stdio: 'inherit',
});
if (error) {
  console.error(`lint: no Biome for ${process.platform}-${process.arch} (${error.message})`);
  process.exit(2);
}
process.exit(status ?? 1);
