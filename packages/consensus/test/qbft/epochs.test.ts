import { expect, test } from 'vitest';
import { Life } from '../epochs/life.ts';
import { QBFT } from './protocol.ts';

/** A change that is executed at h is in force from h + 2: QBFT looks one height ahead. It makes no checkpoints. */
const OPTIONS = { protocol: QBFT, pbft: { lookahead: 1 }, epochs: { awaitCheckpoint: false } };

test.each([1, 2, 3])(
  'replicas join, leave and change their keys, and all agree in every epoch: seed %i',
  async (seed) => {
    const life = new Life({ ...OPTIONS, seed, chaosMs: 8000 });
    await life.live(6);
    expect(life.chain.current.set.epoch).toBeGreaterThan(1);
    expect(life.accused.size).toBe(0);
  },
);
