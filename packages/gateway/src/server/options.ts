import { checkInteger, MurmurError, refuseUnknownKeys } from '@murmuration/core';

export interface GatewayOptions {
  /** Address to listen on. @default '127.0.0.1' — others need a token, or `publicReads`. */
  readonly host?: string;
  /** 0 picks a free one. @default 8000 */
  readonly port?: number;
  /** Bearer token of changes: 16 to 256 of A-Z a-z 0-9 . _ ~ -. Without one nothing can be changed here. */
  readonly token?: string;
  /** Lets anyone who reaches the port read, also where that is not only this machine. @default false */
  readonly publicReads?: boolean;
  /** Names, besides localhost and addresses, that clients may call this gateway by: the guard against DNS rebinding. */
  readonly allowedHosts?: readonly string[];
  /** Origins, besides the gateway's own, whose pages may call it: `http://localhost:5173`. */
  readonly allowedOrigins?: readonly string[];
  /** Folder of the built dashboard; without one `/` says how to build it. */
  readonly dashboard?: string;
  /** Largest body, in bytes. @default 65_536 — a job is about 300. */
  readonly bodyLimitBytes?: number;
  /** Requests a minute from one address. @default 12_000 — a dashboard needs about 60. */
  readonly maxRequestsPerMinute?: number;
  /** Changes a minute from one address, counted before the token is looked at. @default 60 */
  readonly maxChangesPerMinute?: number;
  /** Open event streams. @default 64 */
  readonly maxEventClients?: number;
  /** Bytes that may wait for one event client; past this it is dropped. @default 1_048_576 */
  readonly maxEventBacklogBytes?: number;
  /** Shortest time between two snapshots on an event stream, in milliseconds; those between are skipped. @default 250 */
  readonly minSnapshotIntervalMs?: number;
  /** How often an event client must show that it lives, in milliseconds. @default 20_000 */
  readonly eventPingMs?: number;
}

/** Every option, settled. */
export type Settings = Required<Omit<GatewayOptions, 'token' | 'dashboard'>> & {
  readonly token: string | undefined;
  readonly dashboard: string | undefined;
  /** Reads need the token too. */
  readonly readsNeedToken: boolean;
  /** Only this machine can reach the port. */
  readonly loopback: boolean;
};

const DEFAULTS = {
  host: '127.0.0.1',
  port: 8000,
  token: undefined,
  publicReads: false,
  allowedHosts: [],
  allowedOrigins: [],
  dashboard: undefined,
  bodyLimitBytes: 65_536,
  maxRequestsPerMinute: 12_000,
  maxChangesPerMinute: 60,
  maxEventClients: 64,
  maxEventBacklogBytes: 1_048_576,
  minSnapshotIntervalMs: 250,
  eventPingMs: 20_000,
} as const;

const TOKEN = /^[A-Za-z0-9._~-]{16,256}$/;

/** @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE, TOKEN_UNFIT, BIND_NOT_LOOPBACK */
export function settle(options: GatewayOptions): Settings {
  refuseUnknownKeys(options, Object.keys(DEFAULTS), 'the gateway');
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: Omit<Settings, 'readsNeedToken' | 'loopback'> = { ...DEFAULTS, ...given };
  checkInteger('port', settings.port, 0, 65_535);
  checkInteger('bodyLimitBytes', settings.bodyLimitBytes, 1024, 16_777_216);
  checkInteger('maxRequestsPerMinute', settings.maxRequestsPerMinute, 1);
  checkInteger('maxChangesPerMinute', settings.maxChangesPerMinute, 1);
  checkInteger('maxEventClients', settings.maxEventClients, 0, 65_536);
  checkInteger('maxEventBacklogBytes', settings.maxEventBacklogBytes, 1024);
  checkInteger('minSnapshotIntervalMs', settings.minSnapshotIntervalMs, 1, 60_000);
  checkInteger('eventPingMs', settings.eventPingMs, 10, 3_600_000);
  checkToken(settings.token);
  const loopback = isLoopback(settings.host);
  if (!loopback) checkExposure(settings);
  return { ...settings, loopback, readsNeedToken: !loopback && !settings.publicReads };
}

function checkToken(token: string | undefined): void {
  if (token === undefined || TOKEN.test(token)) return;
  throw new MurmurError({
    code: 'TOKEN_UNFIT',
    message: `the gateway's token has ${token.length} characters, or others than A-Z a-z 0-9 . _ ~ -`,
    remedy: 'make one of 16 to 256 such characters: openssl rand -hex 32',
  });
}

function checkExposure({ host, token, publicReads }: Pick<Settings, 'host' | 'token' | 'publicReads'>): void {
  if (token !== undefined || publicReads) return;
  throw new MurmurError({
    code: 'BIND_NOT_LOOPBACK',
    message: `${host} can be reached from other machines, and the gateway has no token`,
    remedy: 'listen on 127.0.0.1, or set a token, or say publicReads to let anyone read',
    facts: { host },
  });
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
