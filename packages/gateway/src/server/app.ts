import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import type { Clock, Log, Metrics } from '@murmuration/core';
import type { SwarmSource } from '@murmuration/node';
import fastify, { type FastifyInstance } from 'fastify';
import { httpError, PROBLEM_TYPE, toProblem } from '../errors/problem.ts';
import { createEventHub, type EventHub } from '../events/hub.ts';
import { routes } from '../routes/table.ts';
import { registerDashboard } from './dashboard.ts';
import { registerDocs, registerDocsPage } from './docs.ts';
import { checkSite } from './guard.ts';
import { registerHeaders } from './headers.ts';
import { attempt } from './hook.ts';
import { registerMissing } from './missing.ts';
import type { Settings } from './options.ts';
import { registerRoute } from './register.ts';
import { createGate, EVENTS_PROTOCOL } from './token.ts';
import { validatorCompiler } from './validation.ts';
import { onWireError } from './wire-error.ts';

/** Metrics that can be read out: prom-client behind the port. */
export interface ReadableMetrics extends Metrics {
  /** The Prometheus text format. */
  text(): Promise<string>;
}

export interface GatewayDeps {
  readonly source: SwarmSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ReadableMetrics;
}

const MINUTE_MS = 60_000;
/** Addresses whose rate is remembered; the least recent is forgotten first. */
const MAX_RATED_ADDRESSES = 5000;
/** A request that has not arrived whole by then is cut. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Connections at once; Node refuses more. */
const MAX_CONNECTIONS = 2048;
/** One household has this much of an IPv6 address to itself, so it counts as one. */
const IPV6_SUBNET_BITS = 64;
const QUIET = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };
/** A client of the event stream has nothing to say. */
const MAX_CLIENT_MESSAGE_BYTES = 1024;

/** The server with every route, not yet listening. */
export async function buildApp(deps: GatewayDeps, settings: Settings): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: settings.bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    clientErrorHandler: onWireError,
    frameworkErrors: (error, _request, reply) => {
      const problem = toProblem(error, '');
      reply.hijack();
      reply.raw.writeHead(problem.status, { 'content-type': PROBLEM_TYPE }).end(JSON.stringify(problem));
    },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.setValidatorCompiler(validatorCompiler);
  answerProblems(app, deps);
  const hub = createEventHub(deps, settings);
  // Before every hook that can refuse: it marks upgrades, and closes the sockets of those that are refused.
  await registerWebSocket(app, hub);
  app.addHook('onRequest', (request, _reply, done) => attempt(done, () => checkSite(request.headers, settings)));
  await registerHeaders(app);
  await registerLimit(app, settings);
  await registerDocs(app, deps.source.snapshot().swarm.version);
  measure(app, deps.metrics);

  const gate = createGate(settings);
  const context = { source: deps.source, metricsText: () => swarmMetrics(deps) };
  for (const route of routes) registerRoute(app, route, { context, gate, hub, settings });
  await app.register(registerDocsPage);
  registerMissing(app, await registerDashboard(app, settings.dashboard));
  return app;
}

async function registerLimit(app: FastifyInstance, settings: Settings): Promise<void> {
  await app.register(rateLimit, {
    max: settings.maxRequestsPerMinute,
    timeWindow: MINUTE_MS,
    cache: MAX_RATED_ADDRESSES,
    keyGenerator: ({ ip }) => (ip.includes(':') ? normalizeIP(ip, IPV6_SUBNET_BITS) : ip),
    // Answers within the limit stay small; the one beyond it says when to come back.
    addHeaders: QUIET,
    errorResponseBuilder: (_request, { max, ttl }) =>
      httpError('RATE_LIMITED', `more than ${max} requests a minute came from this address`, `wait ${ttl} ms`, { max }),
  });
}

async function registerWebSocket(app: FastifyInstance, hub: EventHub): Promise<void> {
  await app.register(websocket, {
    options: {
      maxPayload: MAX_CLIENT_MESSAGE_BYTES,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(EVENTS_PROTOCOL) ? EVENTS_PROTOCOL : false),
    },
    preClose: (done) => {
      hub.close();
      app.websocketServer.close();
      done();
    },
    errorHandler: (_error, socket) => socket.terminate(),
  });
}

function answerProblems(app: FastifyInstance, { log }: GatewayDeps): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error, request.url.split('?')[0] ?? '');
    if (problem.status >= 500 && problem.code === 'GATEWAY_INTERNAL') {
      log.error('request failed', {
        path: problem.instance,
        error: error instanceof Error ? error.message : String(error),
      });
    }
    // After an upgrade nothing parses this connection any more, so no client may use it again.
    if (request.ws) reply.header('connection', 'close');
    reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
  });
}

/** One histogram, labelled by the table's route and never by what a client made up. */
function measure(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const labels = { route, method: request.method, status: String(reply.statusCode) };
    metrics.observe('gateway_request_ms', reply.elapsedTime, labels);
    done();
  });
}

/** Sets the swarm's gauges when they are read, so that they cost nothing in between. */
async function swarmMetrics({ source, metrics }: GatewayDeps): Promise<string> {
  const { ledger, quorum, devices, quarantines, job } = source.snapshot();
  metrics.gauge('ledger_height', ledger.height);
  metrics.gauge('replicas_live', quorum.live);
  metrics.gauge('replicas_agreeing', ledger.replicasAgreeing);
  metrics.gauge('devices_up', devices.filter(({ state }) => state === 'up').length);
  metrics.gauge('devices_quarantined', quarantines.length);
  if (job !== null) metrics.gauge('job_round', job.round);
  if (job?.accuracy != null) metrics.gauge('job_accuracy', job.accuracy);
  return metrics.text();
}
