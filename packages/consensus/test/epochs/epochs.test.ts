import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../src/epochs/frame.ts';
import {
  createEpochs,
  createPbft,
  decodeCertificate,
  type EngineRecord,
  type EpochsEffect,
  type EpochsEvent,
  type EpochsOptions,
  type ReplicaSet,
} from '../../src/index.ts';
import { setOf, type Voter, voter, voters } from './sets.ts';

const NOW_MS = 1_767_225_600_000;
const LAST = 9;
const digest = (height: number) => new Uint8Array(32).fill(height);

/** One device with its disk. It executes what it commits, and knows the keys in `keys`. */
function boot(
  device: Voter['device'],
  current: { set: ReplicaSet; baseHeight: number },
  { keys, disk, height, ...options }: { keys: Voter[]; disk: Map<string, Uint8Array>; height: number } & EpochsOptions,
) {
  const epochs = createEpochs(
    {
      device,
      current,
      open: ({ set, self, baseHeight }) => {
        const own = keys.find(({ key }) => Buffer.from(key).equals(set.replicas[self]?.key ?? new Uint8Array(0)));
        return own === undefined ? null : createPbft({ replicaSet: set, self, baseHeight, signer: own.signer });
      },
    },
    options,
  );
  const seen: EpochsEffect[] = [];
  let nowMs = NOW_MS;
  const events: Stampless<EpochsEvent>[] = [];
  /** One event after the other: what an effect brings about comes after all effects before it. */
  const step = (event: Stampless<EpochsEvent>): readonly EpochsEffect[] => {
    const from = seen.length;
    events.push(event);
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      nowMs += 1000;
      for (const effect of epochs.step({ ...next, nowMs } as EpochsEvent)) carryOut(effect);
    }
    return seen.slice(from);
  };
  const carryOut = (effect: EpochsEffect) => {
    seen.push(effect);
    if (effect.kind === 'persist' && effect.value === null) disk.delete(effect.key);
    else if (effect.kind === 'persist') disk.set(effect.key, effect.value as Uint8Array);
    if (effect.kind !== 'commit') return;
    events.push({ kind: 'executed', height: effect.commit.height, stateDigest: digest(1) });
  };
  const start = () => {
    const records: EngineRecord[] = [...disk].map(([key, value]) => ({ key, value }));
    return step({ kind: 'start', records, executed: { height, stateDigest: digest(height) } });
  };
  return { epochs, step, seen, start };
}

type Stampless<E> = E extends unknown ? Omit<E, 'nowMs'> : never;

const alone = voter('a');
const turned = voter('a', 1);
const kinds = (effects: readonly EpochsEffect[]) => effects.map(({ kind }) => kind);
const reasons = (effects: readonly EpochsEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'refused' ? [effect.reason] : []));

describe('one engine for each epoch', () => {
  /** A chain of one replica whose key changes after height 9. */
  function rotating(disk = new Map<string, Uint8Array>()) {
    const genesis = setOf([alone]);
    const next = setOf([turned], 1);
    const one = boot(alone.device, { set: genesis, baseHeight: 0 }, { keys: [alone, turned], disk, height: 0 });
    one.start();
    return { ...one, genesis, next, disk };
  }

  test('a key that changes signs from the next epoch on, and certificates name the epoch', () => {
    const { step, seen, next, epochs } = rotating();
    step({ kind: 'propose', request: Uint8Array.of(1) });
    step({ kind: 'reconfigure', next, lastHeight: LAST });
    step({ kind: 'propose', request: Uint8Array.of(2) });
    step({ kind: 'propose', request: Uint8Array.of(3) });
    expect(epochs.status).toMatchObject({ set: next, self: 0, baseHeight: LAST, lingering: 0 });
    const commits = seen.flatMap((effect) => (effect.kind === 'commit' ? [effect] : []));
    expect(commits.map(({ commit }) => commit.height)).toEqual(commits.map((_, i) => i + 1));
    for (const { commit, epoch } of commits) {
      expect(epoch).toBe(commit.height > LAST ? 1 : 0);
      expect(decodeCertificate(commit.certificate)).toMatchObject({ ok: true, value: { epoch } });
    }
    expect(commits.length).toBeGreaterThan(LAST);
    const ends = seen.flatMap((effect) => (effect.kind === 'stableCheckpoint' ? [[effect.epoch, effect.height]] : []));
    expect(ends).toContainEqual([0, LAST]);
  });

  test('an epoch that is done with leaves one record, and a host that lost its blocks does not vote on them again', () => {
    const { step, next, disk, genesis } = rotating();
    step({ kind: 'propose', request: Uint8Array.of(1) });
    expect([...disk.keys()].some((key) => key.startsWith('epoch/000000000000/'))).toBe(true);
    step({ kind: 'reconfigure', next, lastHeight: LAST });
    step({ kind: 'timer', id: 'linger' });
    expect([...disk.keys()].filter((key) => key.startsWith('epoch/000000000000/'))).toEqual([]);
    expect(disk.has('closed')).toBe(true);
    const again = boot(alone.device, { set: genesis, baseHeight: 0 }, { keys: [alone, turned], disk, height: 3 });
    expect(again.start().filter(({ kind }) => kind === 'send' || kind === 'commit')).toEqual([]);
    expect(again.epochs.status.self).toBeNull();
    expect(reasons(again.step({ kind: 'propose', request: Uint8Array.of(9) }))).toEqual(['not-a-voter']);
    again.step({ kind: 'reconfigure', next, lastHeight: LAST });
    again.step({ kind: 'installed', height: LAST, stateDigest: digest(LAST) });
    expect(again.epochs.status).toMatchObject({ set: next, self: 0 });
  });

  test('known bad: without that record it would vote on them again', () => {
    const { step, next, disk, genesis } = rotating();
    step({ kind: 'reconfigure', next, lastHeight: LAST });
    step({ kind: 'timer', id: 'linger' });
    disk.delete('closed');
    const again = boot(alone.device, { set: genesis, baseHeight: 0 }, { keys: [alone], disk, height: 3 });
    again.start();
    expect(kinds(again.step({ kind: 'propose', request: Uint8Array.of(9) }))).toContain('commit');
  });

  test('a device without the key of its place follows, and one that was no member opens its first epoch', () => {
    const { next } = rotating();
    const place = { set: setOf([voter('b')]), baseHeight: 0 };
    const joining = setOf([voter('b'), turned], 1);
    const one = boot(alone.device, place, { keys: [turned], disk: new Map(), height: 0 });
    one.start();
    expect(one.epochs.status.self).toBeNull();
    one.step({ kind: 'reconfigure', next: joining, lastHeight: LAST });
    one.step({ kind: 'installed', height: LAST, stateDigest: digest(LAST) });
    expect(one.epochs.status).toMatchObject({ set: joining, self: 1, baseHeight: LAST });
    const other = boot(alone.device, { set: next, baseHeight: 0 }, { keys: [alone], disk: new Map(), height: 0 });
    other.start();
    expect(other.epochs.status.self).toBeNull();
  });

  test('a jump over two epochs opens the third', () => {
    const { step, epochs, next } = rotating();
    const third = setOf([voter('a', 2)], 2);
    step({ kind: 'reconfigure', next, lastHeight: LAST + 20 });
    step({ kind: 'reconfigure', next: third, lastHeight: LAST + 40 });
    step({ kind: 'installed', height: LAST + 60, stateDigest: digest(3) });
    expect(epochs.status).toMatchObject({ set: third, baseHeight: LAST + 40, self: null });
  });

  test('bytes of peers are for the epochs at hand, or refused with a reason', () => {
    const members = voters('a', 'b', 'c', 'd');
    const set = setOf(members, 5);
    const [a, b] = members as [Voter, Voter];
    const one = boot(a.device, { set, baseHeight: 7 }, { keys: [a], disk: new Map(), height: 7 });
    one.start();
    const from = b.device;
    const hear = (bytes: Uint8Array, device = from) => one.step({ kind: 'message', from: device, bytes });
    expect(reasons(hear(new Uint8Array(7)))).toEqual(['malformed-frame']);
    expect(reasons(hear(new Uint8Array(9).fill(255)))).toEqual(['malformed-frame']);
    expect(reasons(hear(encodeFrame(4, new Uint8Array(3))))).toEqual(['past-epoch']);
    expect(reasons(hear(encodeFrame(5, new Uint8Array(3)), voter('x').device))).toEqual(['unknown-sender']);
    expect(reasons(hear(encodeFrame(5, new Uint8Array(3))))).toHaveLength(1);
    const ahead = hear(encodeFrame(7, new Uint8Array(3)));
    expect(reasons(ahead)).toEqual(['unknown-epoch']);
    expect(ahead).toContainEqual({ kind: 'behind', height: 8, from });
    for (let i = 0; i < 64; i++) expect(reasons(hear(encodeFrame(6, new Uint8Array(3))))).toEqual([]);
    expect(reasons(hear(encodeFrame(6, new Uint8Array(3))))).toEqual(['early-full']);
    expect(reasons(hear(encodeFrame(6, new Uint8Array(3)), voter('x').device))).toEqual(['unknown-sender']);
  });

  test('evidence of a past epoch is told again at each start', () => {
    const disk = new Map([['epoch/000000000000/evidence/1', Uint8Array.of(7)]]);
    const set = setOf([alone], 2);
    const start = () => boot(alone.device, { set, baseHeight: 7 }, { keys: [alone], disk, height: 7 }).start();
    for (let i = 0; i < 2; i++) {
      expect(start()).toContainEqual({ kind: 'evidence', evidence: Uint8Array.of(7), epoch: 0 });
    }
  });

  test('wrong use is told: before the start, twice, a change that is not allowed, a damaged record', () => {
    const code = (name: string) => expect.objectContaining({ code: name });
    const { step, start } = rotating();
    expect(() => step({ kind: 'start', records: [], executed: { height: 0, stateDigest: digest(0) } })).toThrow(
      code('CONSENSUS_STARTED_TWICE'),
    );
    expect(start).toThrow(code('CONSENSUS_STARTED_TWICE'));
    const next = setOf(voters('a', 'b', 'c'), 1);
    expect(() => step({ kind: 'reconfigure', next, lastHeight: 9 })).toThrow(code('CONSENSUS_RECONFIGURATION'));
    const fresh = (disk: Map<string, Uint8Array>) =>
      boot(alone.device, { set: setOf([alone]), baseHeight: 0 }, { keys: [alone], disk, height: 0 });
    expect(() => fresh(new Map()).step({ kind: 'timer', id: '0/tick' })).toThrow(code('CONSENSUS_NOT_STARTED'));
    for (const key of ['closed', 'epoch/x/view', 'view']) {
      expect(() => fresh(new Map([[key, Uint8Array.of(1)]])).start()).toThrow(code('CONSENSUS_JOURNAL_DAMAGED'));
    }
  });
});
