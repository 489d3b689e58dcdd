import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Row } from '../rows.ts';
import { drive, type Load } from './load.ts';
import { TOKEN } from './token.ts';

export const name = 'gateway';

const CONNECTIONS = 32;
const ROUNDS = 3;
const SLICE_MS = 700;
/** The optimizing compiler needs about this long to settle. */
const WARM_UP_MS = 1500;
const MIN_RATIO = 0.75;
const MAX_P99_MS = 15;

const JOB = JSON.stringify({ job: 'b-1', data: 'names', rounds: 5, strategy: 'mean', alpha: 0.5, seed: 7 });
const REQUESTS = {
  POST: [
    'POST /api/v1/jobs HTTP/1.1',
    'host: 127.0.0.1',
    `authorization: Bearer ${TOKEN}`,
    'content-type: application/json',
    `content-length: ${JOB.length}`,
    '',
    JOB,
  ].join('\r\n'),
  GET: 'GET /api/v1/ledger/blocks?limit=1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
};

interface Ports {
  readonly gateway: number;
  readonly raw: number;
}

interface Measured extends Load {
  /** Of the server, so that other work on the machine and the client's own cost do not count. */
  readonly cpuMicrosPerRequest: number;
}

/** Validated requests, through every check of the gateway, against `node:http` without any, in alternating slices. */
export async function run(): Promise<readonly Row[]> {
  const server = fork(path.join(import.meta.dirname, 'server.ts'), { execArgv: ['--conditions=murmuration-src'] });
  try {
    const ports = (await answerOf(server)) as Ports;
    return [...(await compare('POST', server, ports)), ...(await compare('GET', server, ports))];
  } finally {
    server.kill();
  }
}

function answerOf(server: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the servers ended with ${code}`));
    server.once('exit', onExit);
    server.once('message', (message) => {
      server.off('exit', onExit);
      resolve(message);
    });
  });
}

async function measure(server: ChildProcess, port: number, request: string): Promise<Measured> {
  const cpuMicros = async () => {
    const answer = answerOf(server);
    server.send('cpu');
    return Number(await answer);
  };
  const before = await cpuMicros();
  const load = await drive(port, request, CONNECTIONS, SLICE_MS);
  return { ...load, cpuMicrosPerRequest: ((await cpuMicros()) - before) / load.requests };
}

async function compare(method: keyof typeof REQUESTS, server: ChildProcess, ports: Ports): Promise<Row[]> {
  const request = REQUESTS[method];
  for (const port of [ports.gateway, ports.raw]) await drive(port, request, CONNECTIONS, WARM_UP_MS);
  const slices: { gateway: Measured; raw: Measured }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const raw = await measure(server, ports.raw, request);
    slices.push({ raw, gateway: await measure(server, ports.gateway, request) });
  }
  const ratio = median(slices.map(({ raw, gateway }) => raw.cpuMicrosPerRequest / gateway.cpuMicrosPerRequest));
  const p99Ms = median(slices.map(({ gateway }) => gateway.p99Ms));
  const rate = (side: 'raw' | 'gateway') => Math.round(median(slices.map((slice) => slice[side].requestsPerSecond)));
  const cost = (side: 'raw' | 'gateway') => median(slices.map((slice) => slice[side].cpuMicrosPerRequest)).toFixed(0);
  return [
    {
      what: `validated ${method}: requests per CPU second, ratio (${cost('gateway')} µs, ${rate('gateway')} req/s)`,
      value: ratio,
      unit: 'x',
      against: `node:http without checks (${cost('raw')} µs, ${rate('raw')} req/s)`,
      bar: `≥ ${MIN_RATIO}`,
      holds: ratio >= MIN_RATIO,
    },
    {
      what: `validated ${method}: p99 at ${CONNECTIONS} connections`,
      value: p99Ms,
      unit: 'ms',
      against: `node:http, ${median(slices.map(({ raw }) => raw.p99Ms)).toFixed(1)} ms`,
      bar: `< ${MAX_P99_MS} ms`,
      holds: p99Ms < MAX_P99_MS,
    },
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
