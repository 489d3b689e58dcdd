import { equalBytes, toHex } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { maxFaulty, quorum, verifyCommit } from '../../src/index.ts';
import { decodeMessage, type Message, type MessageOf } from '../../src/pbft/messages.ts';
import { Lockstep } from '../cluster/lockstep.ts';

const SIZES = [4, 5, 6, 7, 10];

/** Fires the progress timers of all who run one, and lets everything arrive. */
function timeout(net: Lockstep): void {
  for (let self = 0; self < net.n; self++) net.timeOut(self);
  net.drain();
}

function agree(net: Lockstep, selves: readonly number[]): void {
  const [first, ...others] = selves.map((self) => net.commits[self] ?? []);
  for (const other of others) {
    for (const [i, commit] of other.entries()) {
      const same = first?.[i];
      if (same !== undefined) expect(equalBytes(same.payload, commit.payload)).toBe(true);
    }
  }
}

describe('view changes: PBFT §4.4', () => {
  test.each(SIZES)('a dead primary is replaced and the waiting request commits, n = %i', (n) => {
    const net = new Lockstep(n, {}, 'hash');
    net.crash(0);
    net.propose(2, 5);
    net.drain();
    expect(net.heights().slice(1)).toEqual(Array.from({ length: n - 1 }, () => 0));
    timeout(net);
    expect(net.views().slice(1)).toEqual(Array.from({ length: n - 1 }, () => 1));
    expect(net.heights().slice(1)).toEqual(Array.from({ length: n - 1 }, () => 1));
  });

  test.each([...SIZES, 13])(
    'f dead primaries in a row are passed over, with the timeout doubling after two, n = %i',
    (n) => {
      const f = maxFaulty(n);
      const net = new Lockstep(n, { progressTimeoutMs: 1000 }, 'hash');
      for (let dead = 0; dead < f; dead++) net.crash(dead);
      net.propose(n - 1, 5);
      net.drain();
      const delays: number[] = [];
      for (let view = 1; view <= f; view++) {
        delays.push(4 * (net.timers[n - 1]?.get('progress') as number));
        timeout(net);
      }
      expect(delays).toEqual(Array.from({ length: f }, (_, i) => 1000 * 2 ** Math.max(0, i - 2)));
      expect(net.heights().slice(f)).toEqual(Array.from({ length: n - f }, () => 1));
    },
  );

  test('a batch prepared anywhere in a quorum survives the change at its height: no commit is ever undone', () => {
    const n = 4;
    for (let survivor = 1; survivor < n; survivor++) {
      const net = new Lockstep(n, {}, 'hash');
      // Only `survivor` gets enough commits to decide; then the primary dies.
      net.passes = ({ to }, { kind }) => kind !== 'commit' || to === survivor;
      net.propose(0, 9);
      net.drain();
      expect(net.heights()[survivor]).toBe(1);
      net.crash(0);
      net.passes = () => true;
      net.propose(3, 8);
      net.drain();
      timeout(net);
      timeout(net);
      agree(net, [1, 2, 3]);
      expect(Math.min(...net.heights().slice(1))).toBeGreaterThanOrEqual(2);
    }
  });

  test('a height that nobody prepared below one that was is filled at once, and nothing waits behind it', () => {
    const net = new Lockstep(4, { batchDelayMs: 0 }, 'hash');
    net.passes = (_, message) => !('height' in message && message.height === 1 && message.kind === 'pre-prepare');
    net.propose(0, 1);
    net.propose(0, 2);
    net.fire(0, 'batch');
    net.drain();
    expect(net.heights()).toEqual([0, 0, 0, 0]);
    net.crash(0);
    net.passes = () => true;
    net.propose(2, 3);
    net.drain();
    timeout(net);
    expect(
      net
        .heights()
        .slice(1)
        .every((height) => height >= 2),
    ).toBe(true);
    agree(net, [1, 2, 3]);
    for (const commit of net.commits[1] ?? []) expect(commit.certificate.length).toBeGreaterThan(0);
  });

  test('f + 1 view-changes for higher views are joined at the lowest of the f + 1 highest; f are not', () => {
    const n = 7;
    const net = new Lockstep(n, {}, 'hash');
    const changes = new Map<number, Uint8Array>();
    net.passes = ({ from, bytes }, { kind }) => {
      if (kind === 'view-change') changes.set(from, bytes);
      return kind === 'requests';
    };
    net.propose(6, 1);
    net.drain();
    for (const self of [2, 3, 4]) net.timeOut(self);
    for (const from of [2, 3]) net.inject(from, 1, changes.get(from) as Uint8Array);
    expect(net.engines[1]?.status).toMatchObject({ view: 0, viewChanging: false });
    net.inject(4, 1, changes.get(4) as Uint8Array);
    expect(net.engines[1]?.status).toMatchObject({ view: 1, viewChanging: true });
  });

  test('the timer for the next view runs only once Q have left', () => {
    const net = new Lockstep(7, {}, 'hash');
    net.passes = (_, { kind }) => kind === 'requests';
    net.propose(6, 1);
    net.drain();
    net.timeOut(5);
    expect(net.engines[5]?.status.viewChanging).toBe(true);
    expect(net.timers[5]?.has('progress')).toBe(false);
  });

  test('votes of a view that was left are not given any more', () => {
    const net = new Lockstep(4, {}, 'hash');
    net.passes = () => false;
    net.propose(2, 1);
    net.timeOut(2);
    net.passes = () => true;
    net.propose(0, 2);
    net.drain();
    expect(net.sent.get('prepare')).toBe(2 * 3);
    expect(net.sent.get('commit')).toBe(3 * 3);
    // It listens all the same: what the other three decide is committed here too.
    expect(net.heights()).toEqual([1, 1, 1, 1]);
  });

  test('decided heights are not run again: the new view starts above them with one proof each', () => {
    const net = new Lockstep(4, {}, 'hash');
    for (let i = 0; i < 20; i++) {
      net.propose(0, i);
      net.drain();
    }
    net.crash(0);
    const before = new Map(net.sent);
    net.propose(1, 77);
    net.drain();
    timeout(net);
    expect(net.heights().slice(1)).toEqual([21, 21, 21]);
    expect((net.sent.get('prepare') ?? 0) - (before.get('prepare') ?? 0)).toBeLessThanOrEqual(2 * 3);
  });

  test('the timeout falls back after a commit in the new view', () => {
    const net = new Lockstep(4, { progressTimeoutMs: 1000 }, 'hash');
    net.crash(0);
    net.propose(2, 1);
    net.drain();
    timeout(net);
    net.passes = (_, { kind }) => kind === 'requests';
    net.propose(2, 2);
    net.drain();
    expect(net.timers[2]?.get('progress')).toBe(1000 / 4);
  });
});

describe('the new view is recomputed by everyone', () => {
  /** A net in which view 1 is announced but has not arrived: the announcement, and the net. */
  function announced(n = 4): { net: Lockstep; message: MessageOf<'new-view'> } {
    const net = new Lockstep(n);
    net.passes = (_, { kind }) => kind !== 'commit';
    net.propose(0, 9);
    net.drain();
    let caught: Uint8Array | undefined;
    net.crash(0);
    net.passes = ({ bytes }, { kind }) => {
      if (kind === 'new-view') caught = bytes;
      return kind !== 'new-view';
    };
    net.propose(2, 1);
    net.drain();
    timeout(net);
    const message = decodeMessage(caught as Uint8Array);
    if (!message.ok || message.value.kind !== 'new-view') throw new Error('no new-view');
    return { net, message: message.value };
  }

  test('an honest one binds the prepared batch to its height', () => {
    const { net, message } = announced();
    net.passes = () => true;
    for (const to of [2, 3]) net.inject(1, to, message);
    net.drain();
    expect(net.heights().slice(1)).toEqual([2, 2, 2]);
    expect(net.commits[2]?.every((commit) => verifyCommit(net.keys.set, commit).ok)).toBe(true);
  });

  test('one whose body was changed is refused, whoever brings it', () => {
    const { net, message } = announced();
    for (let at = 0; at < message.body.length; at += 37) {
      const body = message.body.slice();
      body[at] = (body[at] as number) ^ 1;
      net.inject(1, 2, { ...message, body });
      expect(net.engines[2]?.status.viewChanging).toBe(true);
    }
    expect(net.refused[2]?.length).toBeGreaterThan(0);
  });

  test.each([
    ['no quorum of view-changes', 'no-quorum-of-view-changes'],
    ['a proof left out', 'unproved-claim'],
    ['a proof of another batch', 'unproved-claim'],
    ['the bound proposal left out', 'wrong-proposals'],
    ['another proposal', 'wrong-proposals'],
    ['one view-change twice', 'unordered-signers'],
  ])('signed by its primary, but with %s: refused', async (what, reason) => {
    const { decode, encode } = await import('@murmuration/core');
    const { sha3_256 } = await import('@murmuration/crypto');
    const { newViewBodySchema } = await import('../../src/pbft/messages.ts');
    const { signStatement } = await import('../../src/quorum/statement.ts');
    const { net, message } = announced();
    const decoded = decode(newViewBodySchema, message.body);
    if (!decoded.ok) throw new Error(decoded.reason);
    const good = decoded.value;
    const [change] = good.viewChanges;
    const bad = {
      'no quorum of view-changes': { ...good, viewChanges: good.viewChanges.slice(1) },
      'a proof left out': { ...good, proofs: [] },
      'a proof of another batch': {
        ...good,
        proofs: good.proofs.map((proof) => ({ ...proof, digest: new Uint8Array(32) })),
      },
      'the bound proposal left out': { ...good, proposals: [] },
      'another proposal': {
        ...good,
        proposals: good.proposals.map((proposal) => ({ ...proposal, digest: new Uint8Array(32) })),
      },
      'one view-change twice': { ...good, viewChanges: [change, change, change] as typeof good.viewChanges },
    }[what] as typeof good;
    const body = encode(newViewBodySchema, bad);
    const statement = { epoch: 0, phase: 'new-view', view: 1, height: 0, digest: sha3_256(body) } as const;
    const signature = signStatement(net.keys.signers[1] as never, net.keys.set.chainId, statement);
    net.inject(1, 2, { kind: 'new-view', epoch: 0, body, signature });
    expect(net.refused[2]?.at(-1)).toBe(reason);
    expect(net.engines[2]?.status.viewChanging).toBe(true);
  });

  test('a replica that missed it gets it from anyone who is past it', () => {
    const { net, message } = announced();
    net.passes = ({ to }) => to !== 3;
    net.inject(1, 2, message);
    net.drain();
    net.passes = () => true;
    expect(net.engines[3]?.status).toMatchObject({ view: 1, viewChanging: true });
    for (let i = 0; i < 4; i++) {
      for (const self of [1, 2, 3]) net.step(self, { kind: 'timer', nowMs: net.nowMs, id: 'tick' });
      net.drain();
    }
    expect(net.engines[3]?.status).toMatchObject({ view: 1, viewChanging: false });
    expect(net.heights().slice(1)).toEqual([2, 2, 2]);
  });
});

describe('claims of a view-change are proved', () => {
  test('a claim of a batch that was never prepared is left out of the new view, whatever its view', async () => {
    const { forgedJustification } = await import('../../src/liars/forge.ts');
    const n = 4;
    const net = new Lockstep(n);
    const status = (self: number) => net.engines[self]?.status as { height: number; view: number };
    const forged: Message[] = [];
    net.passes = ({ from, bytes }, { kind }) => {
      if (kind !== 'view-change' || from !== 3) return true;
      const signer = net.keys.signers[3] as never;
      const context = { self: 3, n, signer, replicaSet: net.keys.set, ...status(3) };
      for (const lie of forgedJustification.onSend(context, { kind: 'send', to: 'all', bytes })) {
        const message = decodeMessage(lie.bytes);
        if (message.ok) forged.push(message.value);
      }
      return false;
    };
    net.crash(0);
    net.propose(2, 4);
    net.drain();
    for (let self = 0; self < net.n; self++) net.timeOut(self);
    net.drain();
    expect(forged.length).toBeGreaterThan(0);
    for (const lie of forged.slice(0, 1)) for (const to of [1, 2]) net.inject(3, to, lie);
    net.drain();
    // Without its third view-change the quorum of three is not there: nothing forged gets in.
    expect(net.heights().slice(1)).toEqual([0, 0, 0]);
    net.reboot(0);
    net.drain();
    for (let i = 0; i < 4; i++) {
      for (const self of [0, 1, 2]) net.step(self, { kind: 'timer', nowMs: net.nowMs, id: 'tick' });
      net.drain();
    }
    expect(net.heights().slice(0, 3)).toEqual([1, 1, 1]);
    expect(quorum(n)).toBe(3);
    expect(net.commits[1]?.map(({ payload }) => toHex(payload))).toEqual(
      net.commits[2]?.map(({ payload }) => toHex(payload)),
    );
  });
});
