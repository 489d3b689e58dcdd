import { seededRandom } from '@murmuration/core';
import { expect, test } from 'vitest';
import { FixtureSource } from '../../gateway/test/fixtures/source.ts';
import { medianRtt, neighbours, onCircle, pairs } from '../src/topology/layout.ts';

const snapshot = new FixtureSource({ steps: 10 }).snapshot();

test('a swarm looks the same whatever order its devices come in', () => {
  const placed = onCircle(snapshot.devices, 100);
  const other = onCircle([...snapshot.devices].reverse(), 100);
  expect(other).toEqual(placed);
  for (const { x, y } of placed) expect(Math.hypot(x, y)).toBeCloseTo(100);
});

test('a connection counts once, whichever side reported it, with the smaller of the round trips', () => {
  const links = [
    { from: 'a', to: 'b', rttMs: 3 },
    { from: 'b', to: 'a', rttMs: 2 },
    { from: 'b', to: 'a', rttMs: null },
    { from: 'c', to: 'a', rttMs: null },
  ];
  expect(pairs(links)).toEqual([
    { from: 'a', to: 'b', rttMs: 2 },
    { from: 'a', to: 'c', rttMs: null },
  ]);
});

test('being neighbours is mutual, over random graphs', () => {
  const random = seededRandom('neighbours');
  for (let run = 0; run < 50; run++) {
    const ids = snapshot.devices.map(({ device }) => device);
    const pick = () => ids[random.below(ids.length)] as string;
    const links = Array.from({ length: random.below(30) }, () => ({ from: pick(), to: pick(), rttMs: null })).filter(
      ({ from, to }) => from !== to,
    );
    const found = neighbours({ ...snapshot, links });
    for (const [device, near] of found) {
      for (const each of near) expect(found.get(each.device)?.some((back) => back.device === device)).toBe(true);
      expect(new Set(near.map((each) => each.device)).size).toBe(near.length);
    }
  }
});

test('the median round trip ignores what was not measured', () => {
  const near = [9, null, 1, 4].map((rttMs, i) => ({ device: String(i), rttMs }));
  expect(medianRtt(near)).toBe(4);
  expect(medianRtt([{ device: 'x', rttMs: null }])).toBeNull();
});
