import type { DeviceId, MessagePort } from '@murmuration/core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { clock, closeAll, openSwarm, type TestHost } from '../../../../comm/test/world.ts';
import type { MaskingOutcome } from '../../../src/services/secure-aggregation/masking-service.ts';
import { inputFor, memberAt, openCommittee, plainSum, planFor, type Seat, seatOf, serverAt } from './world.ts';

/** The first host serves and is a replica with the three after it; all but the first are members. */
const HOSTS = 6;
const OPTIONS = { phaseMs: 3000, requestTimeoutMs: 2000, retryMs: 50 };
/** Letters that the lost member still sends: its key, ciphertexts, shares, vector, shares of others. */
const STAGES = [0, 1, 2, 3, 4];

let hosts: TestHost[];
beforeAll(async () => {
  hosts = await openSwarm(HOSTS);
  await vi.waitFor(() => {
    for (const { host } of hosts) expect(host.port.peers()).toHaveLength(HOSTS - 1);
  }, 60_000);
});
afterAll(() => closeAll(hosts));

test('over real hosts the sum of 10,000 numbers is exact, one member lost at each stage in turn', async () => {
  // One handler a topic: the services live as long as the hosts, and each stage is a round of its own.
  const seats = hosts.map(({ host }) => seatOf(host.port, clock));
  const devices = seats.map(({ port }) => port.self);
  const [serverSeat] = seats as [Seat, ...Seat[]];
  const plans = STAGES.map((round) => planFor(devices.slice(1), { round: round + 1 }));
  const committee = await openCommittee(seats.slice(0, 4), plans);
  const server = serverAt(serverSeat, committee, devices.slice(0, 4), OPTIONS);
  let letters = Number.POSITIVE_INFINITY;
  const quitter = quittingPort(seats.at(-1) as Seat, () => letters-- > 0);
  const members = [...seats.slice(1, -1), quitter].map((seat) => memberAt(seat, committee, OPTIONS));

  for (const [stage, plan] of plans.entries()) {
    letters = stage;
    const leave = new AbortController();
    const running = server.run(plan);
    const parts = members.map((member, i): Promise<MaskingOutcome> => {
      const input = inputFor(plan, devices[i + 1] as DeviceId);
      const signal = i === members.length - 1 ? leave.signal : new AbortController().signal;
      return member.takePart(plan, serverSeat.port.self, input, { signal });
    });
    const outcome = await running;
    leave.abort();
    const ends = (await Promise.all(parts)).map(({ kind }) => kind);
    const lost = plan.members.indexOf(devices.at(-1) as DeviceId);
    const survivors = [...plan.members.keys()].filter((member) => stage === 4 || member !== lost);
    expect([stage, outcome.kind === 'sum' && outcome.result.survivors]).toEqual([stage, survivors]);
    if (outcome.kind !== 'sum') continue;
    expect(outcome.result.sum).toEqual(plainSum(plan, survivors));
    expect([outcome.result.outOfRange, outcome.refused]).toEqual([0, {}]);
    expect(ends.slice(0, -1)).toEqual(members.slice(0, -1).map(() => 'revealed'));
    expect(ends.at(-1)).toBe('cancelled');
  }
});

/** A port whose letters of members leave only while `mayLeave` says so; then its process says nothing more. */
function quittingPort(seat: Seat, mayLeave: () => boolean): Seat {
  const { port } = seat;
  let isSilent = false;
  const quitting: MessagePort = {
    self: port.self,
    peers: () => port.peers(),
    send: (to, topic, bytes) => port.send(to, topic, bytes),
    broadcast: (topic, bytes) => port.broadcast(topic, bytes),
    onMessage: (topic, handler) => port.onMessage(topic, handler),
    onRequest: (topic, handler) => port.onRequest(topic, handler),
    onPeer: (listener) => port.onPeer(listener),
    request: (to, topic, bytes, options) => {
      isSilent = topic === 'secagg/up' && !mayLeave();
      if (!isSilent) return port.request(to, topic, bytes, options);
      return new Promise((resolve) => {
        options?.signal?.addEventListener('abort', () => resolve({ ok: false, reason: 'timeout' }));
      });
    },
  };
  return { ...seat, port: quitting };
}
