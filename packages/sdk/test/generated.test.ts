import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openApiDocument, routes } from '@murmuration/gateway';
import { expect, test } from 'vitest';
import { render } from '../scripts/render.ts';
import { createClient } from '../src/index.ts';

const folder = path.join(import.meta.dirname, '../src/generated');

test('the generated files are what the gateway’s document gives today: npm run generate -w packages/sdk', async () => {
  const rendered = render(await openApiDocument('0'));
  for (const [file, text] of Object.entries(rendered)) {
    expect(text).toBe(readFileSync(path.join(folder, file), 'utf8'));
  }
});

test('every route of the table is a method of the client, and every method but subscribe is a route', () => {
  const client = createClient({ baseUrl: 'http://127.0.0.1:1' });
  const methods = Object.keys(client).filter((name) => name !== 'subscribe');
  const overHttp = routes.filter(({ answer }) => answer.kind !== 'events').map(({ id }) => id);
  expect(methods.sort()).toEqual(overHttp.sort());
  // The one that is not over HTTP is followed by subscribe.
  expect(routes.filter(({ answer }) => answer.kind === 'events').map(({ id }) => id)).toEqual(['events']);
});

test('a route that changed its shape changes the files', async () => {
  const document = structuredClone(await openApiDocument('0')) as { components: { schemas: Record<string, object> } };
  document.components.schemas.Live = { type: 'object', properties: { live: { type: 'string' } }, required: ['live'] };
  expect(render(document)['schemas.ts']).not.toBe(readFileSync(path.join(folder, 'schemas.ts'), 'utf8'));
});
