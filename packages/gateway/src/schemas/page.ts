import Type, { type TSchema } from 'typebox';
import { object } from './parts.ts';

/** Items a page holds where the reader does not say. */
export const DEFAULT_PAGE_ITEMS = 50;
/** Items a page holds at most: one answer stays small whatever the history. */
export const MAX_PAGE_ITEMS = 200;
const MAX_CURSOR_CHARS = 128;

export const PageQuerySchema = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: MAX_CURSOR_CHARS, description: '`next` of the page before' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_PAGE_ITEMS, default: DEFAULT_PAGE_ITEMS, description: 'items at most' }),
    ),
  },
  { additionalProperties: false },
);

/** A page of `items`; `next` is the cursor of the page after, null on the last. */
export function page<S extends TSchema>(title: string, items: S) {
  return object(title, {
    items: Type.Array(items),
    next: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'cursor of the page after; null on the last',
    }),
  });
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
