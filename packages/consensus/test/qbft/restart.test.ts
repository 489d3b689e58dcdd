import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { createQbft } from '../../src/index.ts';
import { createKeys, type Keys } from '../cluster/keys.ts';
import { Mesh, type Sent } from '../conformance/mesh.ts';
import type { ProtocolUnderTest } from '../conformance/protocol.ts';
import { batchOf, Lone, NOW_MS, sentOf } from './lone.ts';
import { QBFT } from './protocol.ts';

const CHEAP: ProtocolUnderTest = {
  finality: 'deterministic',
  tolerates: () => 1,
  kindOf: QBFT.kindOf,
  group: (n) => {
    const { set, signers, verify } = createKeys(n, 'hash');
    return {
      engine: (self) => createQbft({ replicaSet: set, self, signer: signers[self] as Keys['signers'][number], verify }),
    };
  },
};

/** What each replica has asserted at each place, over all its lives. Fails on a second assertion. */
function watchSayings(mesh: Mesh): void {
  const said = new Map<string, string>();
  mesh.onSent = ({ from, bytes }: Sent) => {
    const saying = QBFT.saying(QBFT.kindOf(bytes), bytes);
    if (saying == null) return;
    const place = `${from} ${saying.place}`;
    if ((said.get(place) ?? saying.says) !== saying.says) throw new Error(`two words of replica ${place}`);
    said.set(place, saying.says);
  };
}

describe('a crash after any effect, and a restart: one vote for each round, and everything commits', () => {
  test.each([
    ['the proposer', 1],
    ['another', 2],
  ])('%s, in the good case', (_, victim) => {
    for (let fuse = 0; fuse < 40; fuse++) {
      const mesh = new Mesh(CHEAP, 4, `good ${fuse}`);
      watchSayings(mesh);
      mesh.crashAfter(victim, fuse);
      mesh.propose(victim, 'a');
      mesh.propose(3, 'b');
      mesh.run(400);
      mesh.crash(victim);
      mesh.boot(victim);
      mesh.propose(victim, 'c');
      expect([fuse, mesh.run(60_000, () => mesh.has('b', 'c'))]).toEqual([fuse, true]);
      expect(mesh.evidence).toEqual([]);
    }
  });

  test.each([
    ['the proposer of the second round', 2],
    ['another', 3],
  ])('%s, while rounds change around a silent proposer', (_, victim) => {
    for (let fuse = 0; fuse < 60; fuse += 2) {
      const mesh = new Mesh(CHEAP, 5, `rounds ${fuse}`, [1]);
      watchSayings(mesh);
      mesh.crashAfter(victim, fuse);
      mesh.propose(victim, 'a');
      mesh.propose(4, 'b');
      mesh.run(3000);
      mesh.crash(victim);
      mesh.boot(victim);
      expect([fuse, mesh.run(60_000, () => mesh.has('b'))]).toEqual([fuse, true]);
      expect(mesh.evidence).toEqual([]);
    }
  });

  test('the whole swarm at once, wherever it was: what anybody committed stays', () => {
    for (let delayMs = 0; delayMs < 60; delayMs += 3) {
      const mesh = new Mesh(CHEAP, 4, `all ${delayMs}`);
      watchSayings(mesh);
      mesh.propose(1, 'a');
      mesh.run(delayMs);
      for (let self = 0; self < 4; self++) mesh.crash(self);
      for (let self = 0; self < 4; self++) mesh.boot(self);
      mesh.propose(2, 'b');
      expect(mesh.run(60_000, () => mesh.has('b'))).toBe(true);
    }
  });
});

describe('what a restarted replica stands by', () => {
  const A = batchOf(65);
  const B = batchOf(66);
  const digestA = sha3_256(A);

  test('its prepare: it says it again, and nothing else in that round', () => {
    const lone = new Lone(4, 0);
    const [first] = sentOf(lone.deliver(1, lone.proposal(1, 1, A)), 'prepare');
    expect(sentOf(lone.reboot(), 'prepare')).toEqual([first]);
    const outcome = lone.deliver(1, lone.proposal(1, 1, B));
    expect(sentOf(outcome, 'prepare')).toEqual([]);
    expect(outcome.refused).toEqual(['conflicting-proposal']);
  });

  test('its proposal: it makes no other in that round', () => {
    const lone = new Lone(4, 1);
    lone.request(65);
    expect(sentOf(lone.reboot(), 'proposal')).toEqual([]);
    expect(sentOf(lone.request(66), 'proposal')).toEqual([]);
  });

  test('its lock: it claims in the next round what it has prepared, with the proof', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    for (const by of [1, 2]) lone.deliver(by, lone.vote('prepare', by, 1, 1, digestA));
    lone.reboot();
    const [change] = sentOf(lone.timeOut(), 'round-change');
    expect(change).toMatchObject({ preparedRound: 1, preparedDigest: digestA, payload: A });
    expect(change?.prepares).toHaveLength(3);
    // And once more: the word given is the word repeated.
    expect(sentOf(lone.reboot(), 'round-change')).toEqual([change]);
  });

  test('its round: it does not go back', () => {
    const lone = new Lone(4, 0);
    for (const by of [1, 2]) lone.deliver(by, lone.roundChange(by, 1, 4));
    lone.reboot();
    expect(lone.engine.status.view).toBe(4);
    expect(sentOf(lone.deliver(1, lone.proposal(1, 1, A)), 'prepare')).toEqual([]);
  });

  test('its decisions: they are handed to the host again, from where it is', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    lone.deliver(1, lone.decided(2, B, [1, 2, 3]));
    expect(lone.reboot(0).commits.map(({ height }) => height)).toEqual([1, 2]);
  });

  test('a host that lost what was decided hears it from others: below its last words the replica signs nothing', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    lone.deliver(2, lone.proposal(2, 1, A));
    for (const key of lone.journal.keys()) if (key.startsWith('qbft-decided')) lone.journal.delete(key);
    lone.reboot(0);
    expect(lone.deliver(1, lone.proposal(1, 1, B)).refused).toEqual(['not-voting']);
    expect(lone.request(67).sent.map(({ message }) => message.kind)).toEqual(['requests']);
    expect(lone.timeOut().sent).toEqual([]);
    expect(lone.deliver(1, lone.decided(1, A, [1, 2, 3])).commits).toHaveLength(1);
    // At its own height it stands by its word again: the vote is still there.
    expect(sentOf(lone.deliver(2, lone.proposal(2, 1, B)), 'prepare')).toEqual([]);
  });

  test('a damaged record is CONSENSUS_JOURNAL_DAMAGED, and no start', () => {
    const lone = new Lone(4, 0);
    lone.deliver(1, lone.proposal(1, 1, A));
    lone.deliver(1, lone.decided(1, A, [1, 2, 3]));
    for (const [key, value] of lone.journal) {
      const engine = createQbft({
        replicaSet: lone.keys.set,
        self: 0,
        signer: lone.keys.signers[0] as Keys['signers'][number],
      });
      const records = [{ key, value: value.subarray(1) }];
      const start = { kind: 'start', nowMs: NOW_MS, records, executed: { height: 0, stateDigest: digestA } } as const;
      expect(() => engine.step(start)).toThrow(expect.objectContaining({ code: 'CONSENSUS_JOURNAL_DAMAGED' }));
      const timer = { kind: 'timer', nowMs: NOW_MS, id: 'qbft-tick' } as const;
      expect(() => engine.step(timer)).toThrow(expect.objectContaining({ code: 'CONSENSUS_NOT_STARTED' }));
    }
    expect(lone.journal.size).toBe(3);
  });
});
