import { BlockSchema } from '../schemas/ledger.ts';
import { PageQuerySchema, page } from '../schemas/page.ts';
import { pageDown } from './paging.ts';
import { route } from './route.ts';

export const ledgerRoutes = [
  route({
    id: 'blocks',
    method: 'GET',
    path: '/api/v1/ledger/blocks',
    permission: 'read',
    tag: 'ledger',
    summary: 'Blocks of the ledger, newest first',
    query: PageQuerySchema,
    answer: { kind: 'json', status: 200, schema: page('BlockPage', BlockSchema) },
    errors: ['CURSOR_INVALID'],
    handle: async ({ query }, { source }) => ({
      body: await pageDown(
        query,
        (below) => source.blocks(below),
        ({ height }) => height,
      ),
    }),
  }),
];
