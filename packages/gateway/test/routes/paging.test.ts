import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorld, type World } from '../fixtures/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ fixture: { devices: 23, steps: 60 } });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next: string | null;
}

async function readAll(path: string, limit: number): Promise<Page[]> {
  const pages: Page[] = [];
  let cursor = '';
  do {
    const { status, body } = await world.get(`${path}?limit=${limit}${cursor}`);
    expect(status).toBe(200);
    const page = { items: body.items as Page['items'], next: body.next as string | null };
    pages.push(page);
    cursor = `&cursor=${page.next}`;
    expect(pages.length).toBeLessThan(100);
  } while (pages.at(-1)?.next !== null);
  return pages;
}

test.each([
  ['/api/v1/ledger/blocks', 'height', 60],
  ['/api/v1/devices', 'device', 23],
  ['/api/v1/jobs/names-1/rounds', 'round', 13],
  ['/api/v1/evidence', 'id', 2],
  ['/api/v1/quarantines', 'device', 2],
])('pages of %s, joined, hold each item once, whatever the page size', async (path, key, total) => {
  for (const limit of [1, 7, 60, 200]) {
    const pages = await readAll(path, limit);
    for (const page of pages) expect(page.items.length).toBeLessThanOrEqual(limit);
    const keys = pages.flatMap(({ items }) => items.map((item) => item[key]));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toHaveLength(total);
  }
});

test('blocks that are committed while someone pages shift nothing', async () => {
  const first = (await world.get('/api/v1/ledger/blocks?limit=5')).body;
  world.source.advance();
  const second = (await world.get(`/api/v1/ledger/blocks?limit=5&cursor=${first.next}`)).body;
  const heights = [first, second].flatMap(({ items }) =>
    (items as readonly { height: number }[]).map((it) => it.height),
  );
  expect(heights).toEqual([60, 59, 58, 57, 56, 55, 54, 53, 52, 51]);
});

test.each(['abc', '-1', '0', '1e3', '99999999999999999999', '%00'])(
  'the cursor %s is refused by name',
  async (cursor) => {
    const { status, body } = await world.get(`/api/v1/ledger/blocks?cursor=${cursor}`);
    expect(status).toBe(400);
    expect(body.code).toBe('CURSOR_INVALID');
  },
);

test.each(['0', '201', '-5', 'ten', '1.5', ''])('a limit of "%s" is refused', async (limit) => {
  const { status, body } = await world.get(`/api/v1/ledger/blocks?limit=${limit}`);
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'REQUEST_INVALID', detail: expect.stringContaining('limit in the query') });
});
