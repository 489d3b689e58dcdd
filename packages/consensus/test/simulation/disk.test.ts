import { expect, test } from 'vitest';
import { failureOf, play, type Script } from '../cluster/script.ts';

/** Work for two seconds; a vote of one replica rots and the replica restarts, in the middle of it. */
function rotten(seed: number, checksums: boolean): Script {
  const submits = Array.from({ length: 40 }, (_, i) => ({ kind: 'submit', at: i % 4, atMs: 20 + i * 50 }) as const);
  const name = `replica${seed % 4}`;
  const rot = { kind: 'rot', name, prefix: 'engine/vote/', atMs: 600 + (seed % 7) * 131, lengthMs: 100 } as const;
  return {
    ...{ seed, n: 4, liars: [], twins: [], pbft: { checkpointInterval: 4 }, peaceMs: 2500 },
    faults: { checksums, tornWrites: 0.5, maxSyncMs: 20 },
    steps: [...submits, rot],
  };
}

test('a replica whose vote rotted refuses to start, and the others go on without it', async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const cluster = await play(rotten(seed, true));
    expect([...cluster.refusedToBoot]).toEqual([[seed % 4, 'STORE_DAMAGED']]);
    expect(cluster.nodes[seed % 4]?.running).toBe(false);
    expect(cluster.decided.size).toBeGreaterThan(10);
    expect([...cluster.accused.keys()]).toEqual([]);
  }
});

test('on disks without checksums a replica goes on with another vote than it gave, and the checker says so', async () => {
  const caught: string[] = [];
  for (let seed = 1; seed <= 60 && caught.length === 0; seed++) {
    const fault = await failureOf(rotten(seed, false));
    if (fault !== undefined) caught.push(fault.kind);
  }
  expect(caught[0]).toMatch(/voted twice|is accused|diverged|two payloads|without a valid certificate|its own vote/);
});
