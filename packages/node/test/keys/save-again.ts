import { readKeyFile, rotateKey, systemEntropy, writeKeyFile } from '../../src/index.ts';

/** Rotates the key of the file named on the command line until it is killed, telling each version that is saved. */
const file = process.argv[2] as string;
const cost = { memoryKiB: 64, passes: 1, lanes: 1 };
for (;;) {
  const keys = rotateKey(readKeyFile(file, 'long enough').keys, 'records', 0, systemEntropy);
  const last = keys.slice(-20);
  writeKeyFile(file, 'long enough', last, systemEntropy, { cost });
  process.stdout.write(`${last.at(-1)?.version}\n`);
}
