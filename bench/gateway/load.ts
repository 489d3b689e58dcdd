import { connect, type Socket } from 'node:net';

export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
}

/**
 * Keeps `connections` sockets busy with one request each for `durationMs`. Reads answers by their content-length, so
 * that the client costs little beside the server.
 */
export async function drive(port: number, request: string, connections: number, durationMs: number): Promise<Load> {
  const latencies: number[] = [];
  const startMs = performance.now();
  const deadlineMs = startMs + durationMs;
  await Promise.all(Array.from({ length: connections }, () => one(port, Buffer.from(request), deadlineMs, latencies)));
  latencies.sort((a, b) => a - b);
  const seconds = (performance.now() - startMs) / 1000;
  return {
    requests: latencies.length,
    requestsPerSecond: latencies.length / seconds,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.POSITIVE_INFINITY,
  };
}

function one(port: number, request: Buffer, deadlineMs: number, latencies: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let sentMs = 0;
    let pending = '';
    const send = () => {
      sentMs = performance.now();
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      pending += chunk.toString('latin1');
      const head = pending.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(pending)?.[1]);
      if (pending.length < head + 4 + length) return;
      if (!pending.startsWith('HTTP/1.1 2')) return void socket.destroy(new Error(pending.slice(0, 400)));
      pending = '';
      const nowMs = performance.now();
      latencies.push(nowMs - sentMs);
      if (nowMs < deadlineMs) send();
      else socket.end();
    });
  });
}
