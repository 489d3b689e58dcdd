import { isIP } from 'node:net';
import { httpError } from '../errors/problem.ts';
import { isLoopback, type Settings } from './options.ts';

interface Headers {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/**
 * Refuses what another site makes a browser send. A page can point its own name at 127.0.0.1 (DNS rebinding), so the
 * Host header must be a name of ours; and a browser lets any page open a WebSocket to us or post a form, so the
 * Origin, where there is one, must be ours too.
 *
 * @throws HOST_REFUSED, ORIGIN_REFUSED
 */
export function checkSite(headers: Headers, settings: Settings): void {
  const host = headers.host ?? '';
  if (!isOurs(hostName(host), settings)) {
    throw httpError(
      'HOST_REFUSED',
      `this gateway is not called "${host}"`,
      'use its address, or add the name to allowedHosts',
      {
        host,
      },
    );
  }
  const { origin } = headers;
  if (origin === undefined || settings.allowedOrigins.includes(origin) || isSameOrigin(origin, host)) return;
  throw httpError(
    'ORIGIN_REFUSED',
    `a page of ${origin} may not call this gateway`,
    'open the dashboard at the gateway itself, or add the origin to allowedOrigins',
    { origin },
  );
}

/** An address cannot be rebound to another machine; a name can, so only known ones pass. */
function isOurs(name: string, { host, loopback, allowedHosts }: Settings): boolean {
  if (isLoopback(name) || name === host || allowedHosts.includes(name)) return true;
  return !loopback && isIP(name) !== 0;
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** `name:port` or `[v6]:port` without the port, in lower case. */
function hostName(host: string): string {
  const [, v6, name] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host) ?? [];
  return (v6 ?? name ?? '').toLowerCase();
}
