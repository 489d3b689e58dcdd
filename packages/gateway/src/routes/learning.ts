import { nearest } from '@murmuration/core';
import type { SwarmSource } from '@murmuration/node';
import Type from 'typebox';
import { httpError } from '../errors/problem.ts';
import { JobSchema, OpenedJobSchema, OpenJobSchema, RoundDetailSchema, RoundSchema } from '../schemas/learning.ts';
import { PageQuerySchema, page } from '../schemas/page.ts';
import { pageDown } from './paging.ts';
import { route } from './route.ts';

const jobParam = Type.String({ pattern: '^[a-z0-9-]{1,32}$', description: 'job id' });

export const learningRoutes = [
  route({
    id: 'currentJob',
    method: 'GET',
    path: '/api/v1/jobs/current',
    permission: 'read',
    tag: 'learning',
    summary: 'The job that runs, or ran last',
    answer: { kind: 'json', status: 200, schema: JobSchema },
    errors: ['JOB_UNKNOWN'],
    handle: async (_input, { source }) => {
      const { job } = source.snapshot();
      if (job !== null) return { body: job };
      throw httpError('JOB_UNKNOWN', 'no job has been opened yet', 'open one: murmur train, or POST /api/v1/jobs');
    },
  }),
  route({
    id: 'openJob',
    method: 'POST',
    path: '/api/v1/jobs',
    permission: 'open-job',
    tag: 'learning',
    summary: 'Opens a training job',
    body: OpenJobSchema,
    answer: { kind: 'json', status: 201, schema: OpenedJobSchema },
    errors: ['JOB_REFUSED'],
    handle: async ({ body }, { source }) => {
      const opened = await source.openJob(body);
      if (opened.ok) return { body: opened.value, headers: { location: `/api/v1/jobs/${opened.value.job}/rounds` } };
      const detail = opened.detail === undefined ? '' : ` (${opened.detail})`;
      throw httpError('JOB_REFUSED', `the swarm refused the job: ${opened.reason}${detail}`, 'change what it names', {
        reason: opened.reason,
      });
    },
  }),
  route({
    id: 'rounds',
    method: 'GET',
    path: '/api/v1/jobs/:job/rounds',
    permission: 'read',
    tag: 'learning',
    summary: 'Rounds of a job, newest first',
    params: Type.Object({ job: jobParam }),
    query: PageQuerySchema,
    answer: { kind: 'json', status: 200, schema: page('RoundPage', RoundSchema) },
    errors: ['JOB_UNKNOWN', 'CURSOR_INVALID'],
    handle: async ({ params: { job }, query }, { source }) => {
      const body = await pageDown(
        query,
        (below) => source.rounds(job, below),
        ({ round }) => round,
      );
      if (body.items.length === 0 && query.cursor === undefined) refuseUnknownJob(source, job);
      return { body };
    },
  }),
  route({
    id: 'round',
    method: 'GET',
    path: '/api/v1/jobs/:job/rounds/:round',
    permission: 'read',
    tag: 'learning',
    summary: 'One round with every update and its verdict',
    params: Type.Object({ job: jobParam, round: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
    answer: { kind: 'json', status: 200, schema: RoundDetailSchema },
    errors: ['JOB_UNKNOWN', 'ROUND_UNKNOWN'],
    handle: async ({ params: { job, round } }, { source }) => {
      const body = await source.round(job, round);
      if (body !== undefined) return { body };
      if ((await source.rounds(job, { limit: 1 })).length === 0) refuseUnknownJob(source, job);
      throw httpError('ROUND_UNKNOWN', `job ${job} has no round ${round}`, `list them at /api/v1/jobs/${job}/rounds`, {
        job,
        round,
      });
    },
  }),
];

/** A job without rounds is unknown unless it is the current one. @throws JOB_UNKNOWN */
function refuseUnknownJob(source: SwarmSource, job: string): void {
  const current = source.snapshot().job?.job;
  if (current === job) return;
  const near = current === undefined ? undefined : nearest(job, [current]);
  throw httpError(
    'JOB_UNKNOWN',
    `no job ${job} is on the ledger`,
    near === undefined ? 'the one that runs is at /api/v1/jobs/current' : `did you mean ${near}?`,
    { job },
  );
}
