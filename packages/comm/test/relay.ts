import { connect, createServer, type Socket } from 'node:net';

/** A TCP relay that tests put between two hosts: it can cut connections, and it sees what an eavesdropper sees. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Where connections go. */
  target: number;
  /** Bytes from the listening side, one array for each connection. */
  readonly answers: Buffer[][];
  /** Resets every connection. @returns how many there were */
  cut(): number;
}

export async function openRelay(): Promise<Relay> {
  const answers: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = connect(relay.target, '127.0.0.1');
    const seen: Buffer[] = [];
    answers.push(seen);
    outbound.on('data', (bytes: Buffer) => seen.push(bytes));
    inbound.pipe(outbound);
    outbound.pipe(inbound);
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        inbound.destroy();
        outbound.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay: Relay = {
    port: (server.address() as { port: number }).port,
    target: 0,
    answers,
    cut: () => {
      const count = sockets.size / 2;
      for (const socket of sockets) socket.resetAndDestroy();
      return count;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return relay;
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
