import { nearest } from '@murmuration/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpError } from '../errors/problem.ts';
import { routes } from '../routes/table.ts';
import type { DashboardPage } from './dashboard.ts';

/** Longest path that is compared with the known ones: comparing is quadratic. */
const MAX_COMPARED_CHARS = 128;

/** What no route matches: a page of the dashboard for a browser that navigates, else an error that names the nearest. */
export function registerMissing(app: FastifyInstance, page: DashboardPage): void {
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (wantsPage(request, path)) return page(reply);
    const methods = routes.filter((route) => matches(route.path, path)).map(({ method }) => method);
    if (methods.length > 0 && !methods.some((method) => method === request.method)) {
      reply.header('allow', methods.join(', '));
      throw httpError('METHOD_NOT_ALLOWED', `${path} has no ${request.method}`, `use ${methods.join(' or ')}`, {
        path,
      });
    }
    const near =
      path.length > MAX_COMPARED_CHARS
        ? undefined
        : nearest(
            path,
            routes.map((route) => route.path),
          );
    throw httpError(
      'ROUTE_UNKNOWN',
      `no route is ${request.method} ${path}`,
      near === undefined ? 'the routes are listed at /docs' : `did you mean ${near}? all routes are listed at /docs`,
      { path },
    );
  });
}

function wantsPage(request: FastifyRequest, path: string): boolean {
  if (request.method !== 'GET' || request.ws || /^\/(api|docs|assets)\//.test(path)) return false;
  return (request.headers.accept ?? '').includes('text/html');
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith(':') || part === given[i]);
}
