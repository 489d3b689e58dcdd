import type { AddressInfo } from 'node:net';
import { MurmurError } from '@murmuration/core';
import { buildApp, type GatewayDeps } from './app.ts';
import { type GatewayOptions, type Settings, settle } from './options.ts';

export interface Gateway extends AsyncDisposable {
  readonly host: string;
  /** The one that was picked where 0 was asked for. */
  readonly port: number;
  /** Where a browser on this machine finds it. */
  readonly url: string;
  /** OpenAPI 3.1 of what is served. */
  readonly openApi: Readonly<Record<string, unknown>>;
}

/**
 * Serves the swarm behind `source` until disposed of.
 *
 * @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE, TOKEN_UNFIT, BIND_NOT_LOOPBACK before anything is opened;
 *   PORT_IN_USE, PORT_FORBIDDEN, ADDRESS_UNAVAILABLE where it cannot listen
 */
export async function startGateway(deps: GatewayDeps, options: GatewayOptions = {}): Promise<Gateway> {
  const settings = settle(options);
  const app = await buildApp(deps, settings);
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    await app.close();
    throw listenError(error, settings);
  }
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${urlHost(settings.host)}:${port}`;
  deps.log.info('gateway listens', { url, changes: settings.token !== undefined });
  return {
    host: settings.host,
    port,
    url,
    openApi: { ...app.swagger() },
    [Symbol.asyncDispose]: () => app.close(),
  };
}

function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function listenError(cause: unknown, { host, port }: Settings): unknown {
  const facts = { host, port };
  switch (cause instanceof Error && 'code' in cause ? cause.code : undefined) {
    case 'EADDRINUSE':
      return new MurmurError({
        code: 'PORT_IN_USE',
        message: `another process listens on ${host}:${port}`,
        remedy: 'stop it, or choose another port; 0 picks a free one',
        facts,
        cause,
      });
    case 'EACCES':
      return new MurmurError({
        code: 'PORT_FORBIDDEN',
        message: `this user may not listen on port ${port}`,
        remedy: 'choose a port above 1023',
        facts,
        cause,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new MurmurError({
        code: 'ADDRESS_UNAVAILABLE',
        message: `${host} is no address of this machine`,
        remedy: 'listen on 127.0.0.1, or on an address that this machine has',
        facts,
        cause,
      });
    default:
      return cause;
  }
}
