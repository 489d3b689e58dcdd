import type { FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';
import { type HttpCode, httpErrorOf } from '../errors/codes.ts';
import { type Answer, errorsOf, type Route } from '../routes/route.ts';
import { ProblemSchema } from '../schemas/problem.ts';

interface Content {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}

/** A row of the table in the framework's terms: what it validates, serializes and documents. */
export function schemaOf(route: Route): FastifySchema {
  const { answer } = route;
  const { status, content } = successOf(answer);
  const response: Record<string, Content> = { [status]: content };
  for (const [code, codes] of byStatus(errorsOf(route))) {
    const description = codes.join(', ');
    response[code] = { description, content: { 'application/problem+json': { schema: ProblemSchema } } };
  }
  const documented = {
    operationId: route.id,
    summary: route.summary,
    tags: [route.tag],
    'x-permission': route.permission,
    ...(route.permission === 'open-job' ? { security: [{ token: [] }] } : {}),
    ...(route.params === undefined ? {} : { params: route.params }),
    ...(route.query === undefined ? {} : { querystring: route.query }),
    ...(route.body === undefined ? {} : { body: route.body }),
    response,
  };
  return documented;
}

function successOf(answer: Answer): { status: string; content: Content } {
  const { status, mediaType, schema } = shapeOf(answer);
  const description = answer.kind === 'events' ? 'each message is one of these' : 'all is well';
  return { status, content: { description, content: { [mediaType]: { schema } } } };
}

function shapeOf(answer: Answer): { status: string; mediaType: string; schema: TSchema } {
  switch (answer.kind) {
    case 'json':
      return { status: String(answer.status), mediaType: 'application/json', schema: answer.schema };
    case 'events':
      return { status: '101', mediaType: 'application/json', schema: answer.schema };
    case 'text':
      return { status: '200', mediaType: 'text/plain', schema: { type: 'string' } };
    case 'octets':
      return { status: '200', mediaType: 'application/octet-stream', schema: { type: 'string', format: 'binary' } };
  }
}

function byStatus(codes: readonly HttpCode[]): Map<string, HttpCode[]> {
  const grouped = new Map<string, HttpCode[]>();
  for (const code of codes) {
    const status = String(httpErrorOf(code)?.status);
    grouped.set(status, [...(grouped.get(status) ?? []), code]);
  }
  return grouped;
}
