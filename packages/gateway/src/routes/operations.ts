import Type from 'typebox';
import { httpError } from '../errors/problem.ts';
import { object } from '../schemas/parts.ts';
import { route } from './route.ts';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export const operationsRoutes = [
  route({
    id: 'live',
    method: 'GET',
    path: '/livez',
    permission: 'probe',
    tag: 'operations',
    summary: 'Whether the gateway answers',
    answer: { kind: 'json', status: 200, schema: object('Live', { live: Type.Boolean() }) },
    errors: [],
    handle: async () => ({ body: { live: true } }),
  }),
  route({
    id: 'ready',
    method: 'GET',
    path: '/readyz',
    permission: 'probe',
    tag: 'operations',
    summary: 'Whether the swarm has a quorum',
    answer: { kind: 'json', status: 200, schema: object('Ready', { ready: Type.Boolean() }) },
    errors: ['SWARM_NOT_READY'],
    handle: async (_input, { source }) => {
      const { health, live, quorum, replicas } = source.snapshot().quorum;
      if (health !== 'lost') return { body: { ready: true } };
      throw httpError(
        'SWARM_NOT_READY',
        `${live} of ${replicas} replicas answer and a quorum is ${quorum}`,
        'wait, or start the missing replicas; nothing is lost meanwhile',
        { live, quorum, replicas },
      );
    },
  }),
  route({
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    permission: 'read',
    tag: 'operations',
    summary: 'Metrics in the Prometheus text format',
    answer: { kind: 'text', mediaType: METRICS_TYPE },
    errors: [],
    handle: async (_input, context) => ({ body: await context.metricsText() }),
  }),
];
