import type { SwarmSource } from '@murmuration/node';
import type { Static, TObject, TSchema } from 'typebox';
import type { HttpCode } from '../errors/codes.ts';
import type { Frozen } from '../schemas/parts.ts';

/**
 * Who may call a route. `probe`: anyone who reaches the port. `read`: anyone on loopback, the bearer of the token
 * elsewhere. `open-job`: the bearer of the token.
 */
export type Permission = 'probe' | 'read' | 'open-job';

/** What a route answers with when all is well. */
export type Answer =
  | { readonly kind: 'json'; readonly status: 200 | 201; readonly schema: TSchema }
  | { readonly kind: 'text'; readonly mediaType: string }
  | { readonly kind: 'octets' }
  /** A WebSocket that sends `schema` as JSON texts. */
  | { readonly kind: 'events'; readonly schema: TSchema };

/** What handlers work on. */
export interface RouteContext {
  readonly source: SwarmSource;
  /** Metrics in the Prometheus text format. */
  metricsText(): Promise<string>;
}

export interface Reply<Body> {
  readonly body: Body;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One row of the table: validation, OpenAPI, permissions, the client and the CLI's commands come from these. */
export interface Route {
  /** Name of the method in the SDK, `operationId` in OpenAPI. */
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly permission: Permission;
  readonly tag: 'swarm' | 'learning' | 'ledger' | 'trust' | 'operations';
  readonly summary: string;
  readonly params?: TObject;
  readonly query?: TObject;
  readonly body?: TObject;
  readonly answer: Answer;
  /** Codes of its own; those that every route can answer with are added by `errorsOf`. */
  readonly errors: readonly HttpCode[];
  handle(input: { params: unknown; query: unknown; body: unknown }, context: RouteContext): Promise<Reply<unknown>>;
}

type Input<P, Q, B> = {
  readonly params: P extends TObject ? Static<P> : unknown;
  readonly query: Q extends TObject ? Static<Q> : unknown;
  readonly body: B extends TObject ? Static<B> : unknown;
};

type BodyOf<A> = A extends { kind: 'json'; schema: infer S extends TSchema }
  ? Frozen<Static<S>>
  : A extends { kind: 'text' }
    ? string
    : A extends { kind: 'octets' }
      ? Uint8Array
      : never;

interface Definition<P, Q, B, A extends Answer> extends Omit<Route, 'params' | 'query' | 'body' | 'answer' | 'handle'> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: A;
  handle(input: Input<P, Q, B>, context: RouteContext): Promise<Reply<BodyOf<A>>>;
}

/** Checks at compile time that the handler takes what the schemas let in and answers with what they promise. */
export function route<
  A extends Answer,
  P extends TObject | undefined = undefined,
  Q extends TObject | undefined = undefined,
  B extends TObject | undefined = undefined,
>(definition: Definition<P, Q, B, A>): Route {
  const { params, query, body, handle, ...rest } = definition;
  return {
    ...rest,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    handle: (input, context) => handle(input as Input<P, Q, B>, context),
  };
}

const COMMON: readonly HttpCode[] = ['HOST_REFUSED', 'ORIGIN_REFUSED', 'RATE_LIMITED', 'GATEWAY_INTERNAL'];
const PERMISSION: Readonly<Record<Permission, readonly HttpCode[]>> = {
  probe: [],
  read: ['TOKEN_MISSING', 'TOKEN_WRONG'],
  'open-job': ['TOKEN_MISSING', 'TOKEN_WRONG', 'CHANGES_DISABLED'],
};

/** Every code that `route` can answer with. */
export function errorsOf(route: Route): readonly HttpCode[] {
  const input: HttpCode[] = route.params || route.query || route.body ? ['REQUEST_INVALID'] : [];
  const body: HttpCode[] = route.body ? ['REQUEST_MALFORMED', 'REQUEST_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED'] : [];
  return [...new Set([...input, ...body, ...PERMISSION[route.permission], ...route.errors, ...COMMON])];
}
