import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { assert } from '@murmuration/core';
import fastify, { type FastifyInstance } from 'fastify';
import { routes } from '../routes/table.ts';
import { schemaOf } from './schema.ts';

/** OpenAPI 3.1 of what is served, and its interactive reference at /docs, from the registered routes. */
export async function registerDocs(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Murmuration',
        version,
        description: 'What a swarm is doing, and the evidence to check it. Errors are RFC 9457 problem details.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transformObject: (document) => {
      if ('openapiObject' in document) return withComponents(document.openapiObject);
      return document.swaggerObject;
    },
  });
}

/** OpenAPI 3.1 of the route table, without a swarm behind it: for generators. */
export async function openApiDocument(version: string): Promise<Readonly<Record<string, unknown>>> {
  const app = fastify();
  await registerDocs(app, version);
  const handler = () => assert(false, 'this server never listens');
  for (const route of routes) app.route({ method: route.method, url: route.path, schema: schemaOf(route), handler });
  await app.ready();
  return { ...app.swagger() };
}

export async function registerDocsPage(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true, persistAuthorization: false } });
}

type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** Moves each schema that has a title into `components/schemas`, and refers to it by name from everywhere. */
export function withComponents<T extends object>(document: T): T {
  const schemas: Record<string, Json> = {};
  const hoist = (node: Json): Json => {
    if (Array.isArray(node)) return node.map(hoist);
    if (typeof node !== 'object' || node === null) return node;
    const copy: Record<string, Json> = {};
    for (const [key, value] of Object.entries(node)) copy[key] = hoist(value);
    return isNamed(copy) ? refer(copy, schemas) : copy;
  };
  const { paths, components, ...rest } = structuredClone(document) as Record<string, Json>;
  const hoisted = hoist(paths);
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...rest, components: { ...Object(components), schemas: sorted }, paths: hoisted } as T;
}

type NamedSchema = { readonly title: string; readonly type?: Json; readonly [key: string]: Json };

/** Only schemas have both a title and a type or alternatives. */
function isNamed(node: { readonly [key: string]: Json }): node is NamedSchema {
  return typeof node.title === 'string' && ('type' in node || 'anyOf' in node);
}

function refer(schema: NamedSchema, schemas: Record<string, Json>): Json {
  const isNullable = Array.isArray(schema.type) && schema.type.includes('null');
  schemas[schema.title] = isNullable ? { ...schema, type: 'object' } : schema;
  const reference = { $ref: `#/components/schemas/${schema.title}` };
  return isNullable ? { anyOf: [reference, { type: 'null' }] } : reference;
}
