import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['murmuration-src'] },
  ssr: { resolve: { conditions: ['murmuration-src'] } },
  test: {
    include: ['packages/*/test/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
    // Threads without isolation are four times faster here; so no test may keep a mutable singleton.
    pool: 'threads',
    isolate: false,
    // Files that start processes wait more than they work.
    maxWorkers: 2,
    execArgv: ['--conditions=murmuration-src'],
    testTimeout: 90_000,
  },
});
