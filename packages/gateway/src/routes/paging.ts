import { httpError } from '../errors/problem.ts';
import { DEFAULT_PAGE_ITEMS, type Page } from '../schemas/page.ts';

export interface PageInput {
  readonly cursor?: string;
  readonly limit?: number;
}

/**
 * A page of a list that counts down from its newest item: blocks, rounds, evidence.
 *
 * @param positionOf what the next page must lie below, ≥ 1
 */
export async function pageDown<T>(
  input: PageInput,
  read: (query: { before?: number; limit: number }) => Promise<readonly T[]>,
  positionOf: (item: T) => number,
): Promise<Page<T>> {
  const limit = input.limit ?? DEFAULT_PAGE_ITEMS;
  const before = input.cursor === undefined ? undefined : wholeNumber(input.cursor);
  const items = await read(before === undefined ? { limit } : { before, limit });
  const last = items.at(-1);
  const done = last === undefined || items.length < limit || positionOf(last) <= 1;
  return { items, next: done ? null : String(positionOf(last)) };
}

/** A page of a list in memory, ordered by `keyOf`, whose keys are distinct. The cursor is the last key given. */
export function pageBy<T>(input: PageInput, all: readonly T[], keyOf: (item: T) => string): Page<T> {
  const limit = input.limit ?? DEFAULT_PAGE_ITEMS;
  const { cursor } = input;
  const ordered = [...all].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const rest = cursor === undefined ? ordered : ordered.filter((item) => keyOf(item) > cursor);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, next: last === undefined || rest.length <= limit ? null : keyOf(last) };
}

function wholeNumber(cursor: string): number {
  const value = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  if (value >= 1) return value;
  throw httpError(
    'CURSOR_INVALID',
    `"${cursor}" is no cursor of this list`,
    'pass `next` of the page before as it is',
    {
      cursor,
    },
  );
}
