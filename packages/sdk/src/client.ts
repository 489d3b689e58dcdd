import { MurmurError } from '@murmuration/core';
import { type CallOptions, type Given, pathOf, type Send, type Shape } from './call.ts';
import { errorOf, unreachable } from './errors.ts';
import { type Operations, operationsOver } from './generated/operations.ts';
import { type SubscribeOptions, subscribeTo, type Watcher } from './subscribe.ts';

export interface ClientOptions {
  /** Where the gateway is: `http://127.0.0.1:8000`, or `location.origin` in its own pages. */
  readonly baseUrl: string;
  /** Bearer token; needed for changes, and for reads where the gateway is not on loopback. */
  readonly token?: string | undefined;
  /** How long one call may take, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number | undefined;
}

export interface Client extends Operations {
  /**
   * Follows the swarm: a snapshot first, then every event as it happens. A lost connection is opened again, with
   * growing pauses, until the returned function is called.
   */
  subscribe(watcher: Watcher, options?: SubscribeOptions): () => void;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * A typed client of one gateway: in browsers and in Node, over `fetch` and `WebSocket`.
 *
 * Each call throws `MurmurError`: with the server's code where it answered, else GATEWAY_UNREACHABLE, GATEWAY_TIMEOUT
 * or GATEWAY_ANSWER_UNREADABLE. A call that the caller aborted throws the reason of its signal.
 */
export function createClient(options: ClientOptions): Client {
  const base = baseOf(options.baseUrl);
  return {
    ...operationsOver(createSend(base, options)),
    subscribe: (watcher, how) => subscribeTo(new URL('/api/v1/events', base), options.token, watcher, how),
  };
}

/** @throws GATEWAY_ADDRESS_INVALID */
function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new MurmurError({
    code: 'GATEWAY_ADDRESS_INVALID',
    message: `"${text}" is not the address of a gateway`,
    remedy: 'give it as http://127.0.0.1:8000',
    facts: { address: text },
  });
}

function createSend(base: URL, { token, timeoutMs = DEFAULT_TIMEOUT_MS }: ClientOptions): Send {
  return async <T>(shape: Shape, { args, body, options }: Given): Promise<T> => {
    const url = new URL(pathOf(shape, args), base);
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        method: shape.method,
        headers: headersOf(token, body),
        signal: options?.signal ? AbortSignal.any([deadline, options.signal]) : deadline,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw await errorOf(response, url);
      return (await read(response, shape)) as T;
    } catch (error) {
      throw explain(error, { url, deadline, timeoutMs, options });
    }
  };
}

function headersOf(token: string | undefined, body: object | undefined): Record<string, string> {
  return {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
}

async function read(response: Response, { answer }: Shape): Promise<unknown> {
  switch (answer) {
    case 'text':
      return response.text();
    case 'octets':
      return new Uint8Array(await response.arrayBuffer());
    case 'json':
      return response.json();
  }
}

interface Attempt {
  readonly url: URL;
  readonly deadline: AbortSignal;
  readonly timeoutMs: number;
  readonly options: CallOptions | undefined;
}

function explain(error: unknown, { url, deadline, timeoutMs, options }: Attempt): unknown {
  if (error instanceof MurmurError) return error;
  if (options?.signal?.aborted) return options.signal.reason;
  if (deadline.aborted) {
    return new MurmurError({
      code: 'GATEWAY_TIMEOUT',
      message: `${url.origin} did not answer ${url.pathname} within ${timeoutMs} ms`,
      remedy: 'look whether the swarm is busy or gone (murmur status), or raise timeoutMs',
      facts: { url: url.href, timeoutMs },
      cause: error,
    });
  }
  if (error instanceof SyntaxError) {
    return new MurmurError({
      code: 'GATEWAY_ANSWER_UNREADABLE',
      message: `${url.origin} answered ${url.pathname} with something else than JSON`,
      remedy: 'look whether a gateway listens there, of this version',
      facts: { url: url.href },
      cause: error,
    });
  }
  return unreachable(url, error);
}
