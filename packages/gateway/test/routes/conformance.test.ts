import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorsOf, httpCodes, httpErrorOf, openApiDocument, routes } from '../../src/index.ts';
import { checkAgainst, type OpenApi, operationsOf, readOpenApi, referencesIn } from '../fixtures/open-api.ts';
import { createWorld, TOKEN, type World } from '../fixtures/world.ts';

let world: World;
let document: OpenApi;
beforeAll(async () => {
  world = await createWorld();
  document = readOpenApi(world.gateway.openApi);
});
afterAll(() => world[Symbol.asyncDispose]());

const sorted = (words: Iterable<string>) => [...words].sort();

describe('one table, whatever reads it', () => {
  test('OpenAPI documents the table’s routes and no others, with their permissions', () => {
    const documented = operationsOf(document).map(
      ({ method, path, operation }) => `${operation.operationId} ${method} ${path} ${operation['x-permission']}`,
    );
    const inTable = routes.map(
      ({ id, method, path, permission }) => `${id} ${method} ${path.replace(/:(\w+)/g, '{$1}')} ${permission}`,
    );
    expect(sorted(documented)).toEqual(sorted(inTable));
  });

  test('the document needs no server: generators see what is served', async () => {
    const version = world.source.snapshot().swarm.version;
    expect(JSON.parse(JSON.stringify(await openApiDocument(version)))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test('ids, and pairs of method and path, are distinct; each route has words for people', () => {
    expect(new Set(routes.map(({ id }) => id)).size).toBe(routes.length);
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
    for (const { summary } of routes) expect(summary).toMatch(/^[A-Z].{7,}[^.]$/);
  });

  test('each route documents each of its errors under the status of the table', () => {
    for (const { operation } of operationsOf(document)) {
      const route = routes.find(({ id }) => id === operation.operationId);
      for (const code of route === undefined ? [] : errorsOf(route)) {
        const response = operation.responses[String(httpErrorOf(code)?.status)];
        expect(response?.description).toContain(code);
      }
    }
  });

  test('each code with a status can come from somewhere: a route, the framework, or the options', () => {
    const fromRoutes = routes.flatMap((route) => errorsOf(route));
    const elsewhere = [
      ...['ROUTE_UNKNOWN', 'METHOD_NOT_ALLOWED', 'HEADERS_TOO_LARGE', 'REQUEST_TIMEOUT'],
      ...['OPTION_UNKNOWN', 'OPTION_OUT_OF_RANGE'],
    ];
    expect(sorted(new Set([...fromRoutes, ...elsewhere]))).toEqual(sorted(httpCodes));
  });

  test('only changes are more than reads, and every change needs the token', async () => {
    for (const { method, path, permission } of routes) {
      expect(permission === 'open-job').toBe(method === 'POST');
      if (method === 'GET') continue;
      const answer = await world.get(path, { method, body: '{}', headers: { 'content-type': 'application/json' } });
      expect(answer.body.code).toBe('TOKEN_MISSING');
    }
  });
});

describe('the document', () => {
  test('every reference leads to a component, and every component is referred to', () => {
    const names = Object.keys(document.components.schemas);
    const wanted = new Set(referencesIn(document).map((reference) => reference.replace('#/components/schemas/', '')));
    expect(sorted(wanted)).toEqual(sorted(names));
  });

  test('every parameter of a path is declared and required', () => {
    for (const { path, operation } of operationsOf(document)) {
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(sorted(declared.map(({ name }) => name))).toEqual(
        sorted([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)),
      );
      for (const parameter of declared) expect(parameter.required).toBe(true);
    }
  });

  test('each answer of a running gateway fits the schema that the document gives it', async () => {
    const { lie } = world.source;
    const values = { id: lie.id, job: 'names-1', round: '3' };
    for (const { method, path, operation } of operationsOf(document)) {
      const schema = operation.responses['200']?.content?.['application/json']?.schema;
      if (method !== 'GET' || schema === undefined) continue;
      const id = path.includes('/devices/') ? lie.accused : values.id;
      const address = path.replace('{id}', id).replace('{job}', values.job).replace('{round}', values.round);
      const { status, body } = await world.get(address);
      expect([address, status]).toEqual([address, 200]);
      expect(checkAgainst(document, schema, body)).toEqual([]);
    }
  });

  test('an answer with a field too many, too few or of another type would be caught', () => {
    const schema = { $ref: '#/components/schemas/SwarmSnapshot' };
    const snapshot = JSON.parse(JSON.stringify(world.source.snapshot()));
    expect(checkAgainst(document, schema, snapshot)).toEqual([]);
    expect(checkAgainst(document, schema, { ...snapshot, secret: 1 })).not.toEqual([]);
    expect(checkAgainst(document, schema, { ...snapshot, quorum: { ...snapshot.quorum, live: null } })).not.toEqual([]);
    const { job: _job, ...rest } = snapshot;
    expect(checkAgainst(document, schema, rest)).not.toEqual([]);
  });

  test('problems fit their schema', async () => {
    const { body } = await world.get('/api/v1/devices/nobody');
    expect(checkAgainst(document, { $ref: '#/components/schemas/Problem' }, body)).toEqual([]);
  });
});

test('what a source holds beyond the view does not leave: answers are written by their schema', async () => {
  await using leaky = await createWorld();
  const block = { ...(await leaky.source.blocks({ limit: 1 }))[0], privateKey: 'hunter2' };
  leaky.source.blocks = async () => [block as never];
  const { body } = await leaky.get('/api/v1/ledger/blocks');
  expect(JSON.stringify(body)).not.toContain('hunter2');
  expect(JSON.stringify(body)).not.toContain(TOKEN);
});
