import { hash, timingSafeEqual } from 'node:crypto';
import { httpError } from '../errors/problem.ts';
import type { Permission } from '../routes/route.ts';
import type { Settings } from './options.ts';

/** Browsers cannot set a header on a WebSocket, so there the token travels as a second subprotocol. */
export const EVENTS_PROTOCOL = 'murmur.v1';
export const BEARER_PROTOCOL = 'murmur.bearer.';

interface Headers {
  readonly authorization?: string | undefined;
  readonly 'sec-websocket-protocol'?: string | undefined;
}

/** @returns a check of one permission. @throws (the check) TOKEN_MISSING, TOKEN_WRONG, CHANGES_DISABLED */
export function createGate(settings: Settings): (permission: Permission, headers: Headers) => void {
  const wanted = settings.token === undefined ? undefined : digest(settings.token);
  return (permission, headers) => {
    if (permission === 'probe' || (permission === 'read' && !settings.readsNeedToken)) return;
    if (wanted === undefined) {
      throw httpError(
        'CHANGES_DISABLED',
        'this gateway has no token, so nothing can be changed through it',
        'start it with one',
      );
    }
    const given = bearer(headers);
    if (given === undefined) {
      throw httpError('TOKEN_MISSING', 'this route needs the token of the gateway', 'send Authorization: Bearer TOKEN');
    }
    // Digests have one length, so the time tells nothing of the token, not even how long it is.
    if (!timingSafeEqual(digest(given), wanted)) {
      throw httpError('TOKEN_WRONG', 'the token is not the one of this gateway', 'use the one it was started with');
    }
  };
}

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

function bearer(headers: Headers): string | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (token !== undefined) return token;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  return offered.find((protocol) => protocol.startsWith(BEARER_PROTOCOL))?.slice(BEARER_PROTOCOL.length);
}
