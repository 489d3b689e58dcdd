import type { FastifyInstance, FastifyReply, RouteOptions } from 'fastify';
import { httpError } from '../errors/problem.ts';
import type { EventHub } from '../events/hub.ts';
import type { Permission, Route, RouteContext } from '../routes/route.ts';
import { attempt } from './hook.ts';
import type { Settings } from './options.ts';
import { schemaOf } from './schema.ts';

export interface Registration {
  readonly context: RouteContext;
  readonly gate: (permission: Permission, headers: Readonly<Record<string, unknown>>) => void;
  readonly hub: EventHub;
  readonly settings: Settings;
}

/** Registers one row of the table: its limit, its permission, its schemas, its handler. */
export function registerRoute(
  app: FastifyInstance,
  route: Route,
  { context, gate, hub, settings }: Registration,
): void {
  const options: RouteOptions = {
    method: route.method,
    url: route.path,
    schema: schemaOf(route),
    // Reads share one count; changes have one of their own, so that guessing the token is slow.
    ...(route.permission === 'open-job' ? { config: { rateLimit: { max: settings.maxChangesPerMinute } } } : {}),
    // After the rate limit, which works in onRequest, and before the body is read.
    preParsing: (request, _reply, _payload, done) => attempt(done, () => gate(route.permission, request.headers)),
    handler: async (request, reply) => {
      const { params, query, body } = request;
      const answer = await route.handle({ params, query, body }, context);
      return write(reply, route, answer.body, answer.headers);
    },
  };
  if (route.answer.kind === 'events') addEvents(options, hub);
  app.route(options);
}

function addEvents(options: RouteOptions, hub: EventHub): void {
  options.preHandler = async (request) => {
    if (request.ws && hub.full) {
      throw httpError('CLIENTS_FULL', 'too many event streams are open', 'close one, or raise maxEventClients');
    }
  };
  options.wsHandler = (socket) => hub.join(socket);
}

function write(reply: FastifyReply, { answer }: Route, body: unknown, headers = {}): FastifyReply {
  reply.headers({ 'cache-control': 'no-store', ...headers });
  if (answer.kind === 'json') return reply.code(answer.status).send(body);
  if (answer.kind === 'text') return reply.type(answer.mediaType).send(body);
  return reply.type('application/octet-stream').send(Buffer.from(body as Uint8Array));
}
