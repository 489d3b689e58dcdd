/**
 * Links between two processes on loopback, messages of 1 KB: libp2p over TLS 1.3 through our channels against raw
 * TCP with length prefixes and the same batching, in the same run. Medians of interleaved repetitions.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { CommHost } from '@murmuration/comm';
import type { Wire } from '../../packages/comm/src/channel/wire.ts';
import type { Row } from '../rows.ts';
import { MESSAGE_BYTES, openBare, openHost, rawFrame, rawReader } from './world.ts';

export const name = 'comm';

const REPETITIONS = 5;
const MESSAGES = 60_000;
const ROUND_TRIPS = 1_500;
const BATCH_MESSAGES = 62;

interface Measured {
  readonly perSecond: number;
  readonly p50Us: number;
}

export async function run(): Promise<readonly Row[]> {
  const child = fork(new URL('./receiver.ts', import.meta.url), { execArgv: [...process.execArgv] });
  const [addresses] = (await once(child, 'message')) as [{ comm: string; bare: string; raw: number }];
  await using host = await openHost();
  const bare = await openBare(() => {});
  const socket = connect({ port: addresses.raw, host: '127.0.0.1', noDelay: true });
  try {
    const dialled = await host.dial(addresses.comm);
    if (!dialled.ok) throw new Error(`the other process refuses: ${dialled.reason}`);
    const connected = await bare.dial(addresses.bare);
    if (!connected.ok) throw new Error(`bare libp2p cannot dial: ${connected.reason}`);
    const bareTrip = bareRoundTrip(connected.value.wire);
    const raw: Measured[] = [];
    const comm: Measured[] = [];
    const bareUs: number[] = [];
    for (let repetition = 0; repetition <= REPETITIONS; repetition++) {
      const measured = { raw: await measureRaw(socket), comm: await measureComm(host, dialled.value) };
      const { p50Us } = await measureTrips(bareTrip);
      // The first one warms up.
      if (repetition === 0) continue;
      raw.push(measured.raw);
      comm.push(measured.comm);
      bareUs.push(p50Us);
    }
    return rows(raw, comm, median(bareUs));
  } finally {
    socket.destroy();
    child.kill();
    await bare.close();
  }
}

function rows(raw: readonly Measured[], comm: readonly Measured[], bareUs: number): readonly Row[] {
  const of = (all: readonly Measured[], field: keyof Measured) => median(all.map((one) => one[field]));
  const rate = of(comm, 'perSecond');
  const rateRatio = rate / of(raw, 'perSecond');
  const trip = of(comm, 'p50Us');
  const anchor = (field: keyof Measured, unit: string) =>
    `raw TCP, two processes, same run: ${Math.round(of(raw, field))} ${unit}`;
  return [
    {
      what: 'messages of 1 KB one way, batched, encrypted',
      value: rate,
      unit: 'messages/s',
      against: anchor('perSecond', 'messages/s'),
      bar: '≥ 50000',
      holds: rate >= 50_000,
    },
    {
      what: 'the same as a share of raw TCP',
      value: rateRatio,
      unit: 'x',
      against: anchor('perSecond', 'messages/s'),
      bar: '≥ 0.15',
      holds: rateRatio >= 0.15,
    },
    {
      what: 'round trip of 1 KB, p50',
      value: trip,
      unit: 'µs',
      against: anchor('p50Us', 'µs'),
      bar: '≤ 2.5 x raw',
      holds: trip <= 2.5 * of(raw, 'p50Us'),
    },
    {
      what: 'what our channels add to the round trip of libp2p',
      value: trip / bareUs,
      unit: 'x',
      against: `a bare libp2p stream over the same TLS, same run: ${Math.round(bareUs)} µs`,
      bar: '≤ 1.25',
      holds: trip <= 1.25 * bareUs,
    },
  ];
}

async function measureRaw(socket: Socket): Promise<Measured> {
  const count = rawFrame(new Uint8Array(MESSAGE_BYTES));
  const batch = Buffer.concat(Array.from({ length: BATCH_MESSAGES }, () => count));
  const answers = answersOf(socket);
  const started = performance.now();
  for (let sent = 0; sent < MESSAGES; sent += BATCH_MESSAGES) {
    if (!socket.write(batch)) await once(socket, 'drain');
  }
  const done = answers.next();
  socket.write(rawFrame(Uint8Array.of(2)));
  await done;
  const perSecond = MESSAGES / ((performance.now() - started) / 1000);
  const echo = rawFrame(new Uint8Array(MESSAGE_BYTES).fill(1));
  const trips = await measureTrips(() => {
    const answer = answers.next();
    socket.write(echo);
    return answer;
  });
  socket.removeAllListeners('data');
  return { perSecond, ...trips };
}

function answersOf(socket: Socket): { next(): Promise<void> } {
  let resolve: () => void = () => {};
  socket.on(
    'data',
    rawReader(() => resolve()),
  );
  return {
    next: () =>
      new Promise((settle) => {
        resolve = settle;
      }),
  };
}

function bareRoundTrip(wire: Wire): () => Promise<void> {
  let resolve: () => void = () => {};
  const read = rawReader(() => resolve());
  wire.listen({ onBytes: (bytes) => read(Buffer.from(bytes)), onDrain: () => {}, onClose: () => {} });
  const echo = rawFrame(new Uint8Array(MESSAGE_BYTES).fill(1));
  return () =>
    new Promise((settle) => {
      resolve = settle;
      wire.write(echo);
    });
}

type Device = CommHost['port']['self'];
const waiting = new Map<string, () => void>();
const listening = new WeakSet<CommHost>();

async function measureComm(host: CommHost, to: Device): Promise<Measured> {
  const { port } = host;
  if (!listening.has(host)) {
    listening.add(host);
    for (const topic of ['done', 'echoed']) port.onMessage(topic, () => waiting.get(topic)?.());
  }
  const next = (topic: string) =>
    new Promise<void>((resolve) => {
      waiting.set(topic, resolve);
    });
  const message = new Uint8Array(MESSAGE_BYTES);
  const started = performance.now();
  for (let sent = 0; sent < MESSAGES; ) {
    if (port.send(to, 'count', message).ok) sent += 1;
    else await new Promise((resolve) => setImmediate(resolve));
  }
  const done = next('done');
  while (!port.send(to, 'count', Uint8Array.of(2)).ok) await new Promise((resolve) => setImmediate(resolve));
  await done;
  const perSecond = MESSAGES / ((performance.now() - started) / 1000);
  const trips = await measureTrips(() => {
    const answer = next('echoed');
    port.send(to, 'echo', message);
    return answer;
  });
  return { perSecond, ...trips };
}

async function measureTrips(trip: () => Promise<void>): Promise<{ p50Us: number }> {
  const times: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const started = performance.now();
    await trip();
    times.push((performance.now() - started) * 1000);
  }
  return { p50Us: median(times) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
