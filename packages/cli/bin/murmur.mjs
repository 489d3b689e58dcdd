#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still say what is missing. In a checkout it runs the sources with
// the Node 26 that came with the packages; as an installed package it runs dist.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const bundled = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));
const isNode26 = Number(process.versions.node.split('.')[0]) >= 26;
const runtime = isNode26 || !existsSync(bundled) ? process.execPath : bundled;

if (!isNode26 && runtime === process.execPath) {
  process.stderr.write(
    `murmur needs Node 26, this is ${process.versions.node}\n  what to do: run "npm start" once in the checkout, or install Node 26\n`,
  );
  process.exit(5);
}
if (isNode26 && !existsSync(sources)) {
  await import('../dist/main.js');
} else {
  const entry = existsSync(sources)
    ? ['--conditions=murmuration-src', sources]
    : [fileURLToPath(new URL('../dist/main.js', import.meta.url))];
  const child = spawn(runtime, [...entry, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The child gets Ctrl-C from the terminal itself; this process only waits for it to stop cleanly.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
