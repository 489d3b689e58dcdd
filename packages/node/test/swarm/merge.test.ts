import { describe, expect, test } from 'vitest';
import type { DeviceReport } from '../../src/swarm/ipc.ts';
import { type MemberState, mergeReports } from '../../src/swarm/merge.ts';
import type { DeviceView, SwarmSnapshot } from '../../src/views/swarm.ts';

const NAMES = ['a', 'b', 'c', 'd'];

function device(name: string, own: boolean): DeviceView {
  return {
    device: name,
    short: name,
    name,
    role: 'replica',
    state: 'up',
    height: 0,
    view: 0,
    keyEpoch: 0,
    certificateExpiresMs: 0,
    addresses: own ? [`/${name}`] : [],
    samples: own ? 10 : 0,
    rssMb: 1,
    pid: null,
    behaviour: null,
  };
}

function snapshot(name: string, height: number, accuracy: number | null): SwarmSnapshot {
  const round = { job: 'j', round: 1, state: 'finalised', participants: 4, accepted: 4, refused: 0 } as const;
  const history = [{ ...round, accuracy, seconds: 1, modelHash: 'ff' }];
  return {
    swarm: { id: 'id', name: 'swarm', startedAtMs: 5, version: '1' },
    quorum: { replicas: 4, faultyTolerated: 1, quorum: 3, live: 4, health: 'healthy' },
    training: { participants: 4, faultyTolerated: 1, strategy: 'mean' },
    ledger: {
      height,
      stateRoot: `root-${height}`,
      replicasAgreeing: 1,
      view: 0,
      primary: 'a',
      commitLatencyMs: { p50: 0, p99: 0 },
    },
    devices: NAMES.map((other) => device(other, other === name)),
    links: [{ from: name, to: 'a', rttMs: 1 }],
    job: { job: 'j', dataset: 'names', strategy: 'mean', rounds: 1, round: 1, state: 'finished', accuracy, history },
    quarantines: [{ device: 'd', reason: 'equivocation', evidenceId: 'e', sinceMs: 9, untilMs: 10, detectionMs: null }],
  };
}

function member(name: string, heights: readonly string[], change: Partial<DeviceReport> = {}): MemberState {
  const roots = heights.map((root, i) => ({ height: i + 1, root }));
  const report: DeviceReport = {
    snapshot: snapshot(name, heights.length, 0.5),
    roots,
    latenciesMs: [10, 20],
    lieAtMs: null,
    quarantinedAtMs: {},
    ...change,
  };
  return { name, device: name, behaviour: null, alive: true, pid: 1, report };
}

describe('one picture out of many', () => {
  test('shows the highest height at which most agree, and counts those who do', () => {
    const merged = mergeReports([member('a', ['x', 'y', 'z']), member('b', ['x', 'y']), member('c', ['x', 'y'])], 1);
    expect(merged?.ledger).toMatchObject({ height: 2, stateRoot: 'y', replicasAgreeing: 3 });
  });

  test('a device that reports another state changes nothing', () => {
    const liar = member('d', ['lie', 'lie', 'lie', 'lie', 'lie']);
    const merged = mergeReports([member('a', ['x', 'y']), member('b', ['x', 'y']), member('c', ['x', 'y']), liar], 1);
    expect(merged?.ledger).toMatchObject({ height: 2, stateRoot: 'y', replicasAgreeing: 3 });
  });

  test('a device that reports a wonderful accuracy changes nothing', () => {
    const measured = [0.5, 0.52, 0.51, 1].map((accuracy, i) => {
      const name = NAMES[i] as string;
      return member(name, ['x'], { snapshot: snapshot(name, 1, accuracy) });
    });
    expect(mergeReports(measured, 1)?.job?.accuracy).toBe(0.51);
  });

  test('a dead device is down, and the quorum is judged by who lives', () => {
    const dead = { ...member('d', ['x']), alive: false, pid: null };
    const merged = mergeReports([member('a', ['x']), member('b', ['x']), member('c', ['x']), dead], 1);
    expect(merged?.devices.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'up'],
      ['b', 'up'],
      ['c', 'up'],
      ['d', 'down'],
    ]);
    expect(merged?.quorum).toMatchObject({ live: 3, health: 'degraded' });
    const two = [member('a', ['x']), member('b', ['x']), { ...member('c', ['x']), alive: false }, dead];
    expect(mergeReports(two, 1)?.quorum.health).toBe('lost');
    expect(
      mergeReports(
        two.map((each) => ({ ...each, alive: false })),
        1,
      )?.quorum,
    ).toMatchObject({ live: 0 });
  });

  test('what a device says of itself is taken from itself alone', () => {
    const merged = mergeReports([member('a', ['x']), member('b', ['x']), member('c', ['x'])], 1);
    expect(merged?.devices.find(({ name }) => name === 'b')).toMatchObject({ samples: 10, addresses: ['/b'] });
    expect(merged?.links).toHaveLength(3);
  });

  test('a lie is timed from when the liar says it began to when most had learned of the quarantine', () => {
    const noticed = (name: string, atMs: number) => member(name, ['x'], { quarantinedAtMs: { d: atMs } });
    const liar = { ...noticed('d', 1350), behaviour: 'equivocate' };
    const lied = { ...liar, report: { ...(liar.report as DeviceReport), lieAtMs: 1000 } };
    const merged = mergeReports([noticed('a', 1200), noticed('b', 1300), noticed('c', 9000), lied], 1);
    expect(merged?.quarantines[0]?.detectionMs).toBe(300);
  });

  test('there is no picture before the first report', () => {
    const silent = { name: 'a', device: undefined, behaviour: null, alive: true, pid: 1, report: undefined };
    expect(mergeReports([silent], 1)).toBeUndefined();
  });
});
