// Run by memory.test.ts in a process of its own, where nobody else's garbage is counted.
import { sha3_256 } from '@murmuration/crypto';
import { encodeBatch } from '../../src/index.ts';
import type { Message } from '../../src/pbft/messages.ts';
import { signStatement } from '../../src/quorum/statement.ts';
import { Lockstep, NOW_MS } from '../cluster/lockstep.ts';

const collect = globalThis.gc as () => void;

function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The largest batch there is, different for each `fill`. */
function largeProposal(net: Lockstep, by: number, view: number, height: number, fill: number): Message {
  const requests = [0, 1].map((half) => new Uint8Array(127 * 1024).fill(fill + half));
  const payload = encodeBatch({ timeMs: NOW_MS, requests });
  const digest = sha3_256(payload);
  const statement = { epoch: 0, phase: 'pre-prepare', view, height, digest } as const;
  const signature = signStatement(net.keys.signers[by] as never, net.keys.set.chainId, statement);
  return { kind: 'pre-prepare', epoch: 0, view, height, digest, signature, payload };
}

const net = new Lockstep(7, {}, 'hash');
const liars = [0, 1];
const before = heldBytes();
net.passes = () => false;
for (let round = 0; round < 2; round++) {
  for (const height of [...Array.from({ length: 20 }, (_, i) => i + 1), 64, 128, 129]) {
    for (const view of [0, 1, 7, 8]) net.inject(view % 7, 2, largeProposal(net, view % 7, view, height, round));
  }
  for (let i = 0; i < 60; i++) {
    for (const from of liars) {
      const request = new Uint8Array(100 * 1024).fill(i);
      request[0] = round;
      net.inject(from, 2, { kind: 'requests', stamp: net.stamp(), again: false, requests: [request] });
      net.inject(from, 2, { kind: 'status', view: i, changing: false, committed: i, stable: 0, stalled: true });
    }
  }
  net.step(2, { kind: 'timer', nowMs: NOW_MS, id: 'tick' });
}
// The journal is the disk's, not the replica's: the test holds it in memory.
let journal = 0;
for (const value of net.journals[2]?.values() ?? []) journal += value.length;
const held = heldBytes() - before - journal;
console.log(JSON.stringify({ held, journal, refused: net.refused[2] }));
