import { createServer } from 'node:net';
import { MurmurError } from '@murmuration/core';

/** Looks before seven processes are started for nothing. @throws PORT_IN_USE */
export function requireFreePort(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer();
  server.once('error', (cause: NodeJS.ErrnoException) => {
    // Any other failure is the gateway's to explain.
    if (cause.code !== 'EADDRINUSE') return resolve();
    reject(
      new MurmurError({
        code: 'PORT_IN_USE',
        message: `another process listens on ${host}:${port}`,
        remedy: `stop it, or choose another with --port; --port 0 picks a free one`,
        facts: { host, port },
        cause,
      }),
    );
  });
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  return promise;
}
