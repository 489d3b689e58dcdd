/** The other process: counts what it gets, and echoes what it is asked. Started by index.ts. */
import { createServer } from 'node:net';
import { openBare, openHost, rawFrame, rawReader } from './world.ts';

/** A message whose first byte is 1 is echoed; one whose first byte is 2 ends a run and is answered. */
const host = await openHost();
host.port.onMessage('count', (from, bytes) => {
  if (bytes[0] === 2) host.port.send(from, 'done', bytes.subarray(0, 1));
});
host.port.onMessage('echo', (from, bytes) => host.port.send(from, 'echoed', bytes));

const bare = await openBare(({ wire }) => {
  const read = rawReader((message) => void wire.write(rawFrame(message)));
  wire.listen({ onBytes: (bytes) => read(Buffer.from(bytes)), onDrain: () => {}, onClose: () => {} });
});

const server = createServer({ noDelay: true }, (socket) => {
  socket.on(
    'data',
    rawReader((message) => {
      if (message[0] !== 0) socket.write(rawFrame(message));
    }),
  );
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({
    comm: host.addresses()[0],
    bare: bare.addresses()[0],
    raw: (server.address() as { port: number }).port,
  });
});
process.on('disconnect', () => process.exit(0));
