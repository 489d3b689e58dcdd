import type { EvidenceView, SwarmSource } from '@murmuration/node';
import Type from 'typebox';
import { httpError } from '../errors/problem.ts';
import { MAX_PAGE_ITEMS, PageQuerySchema, page } from '../schemas/page.ts';
import { EvidenceSchema, QuarantineSchema } from '../schemas/trust.ts';
import { pageBy, pageDown } from './paging.ts';
import { route } from './route.ts';

/** Pages that a search for one piece of evidence reads at most: it is rare, each piece is a lie that was proved. */
const MAX_SEARCH_PAGES = 50;
const idParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{1,64}$', description: 'evidence id' }) });

export const trustRoutes = [
  route({
    id: 'quarantines',
    method: 'GET',
    path: '/api/v1/quarantines',
    permission: 'read',
    tag: 'trust',
    summary: 'Devices in quarantine, by their id',
    query: PageQuerySchema,
    answer: { kind: 'json', status: 200, schema: page('QuarantinePage', QuarantineSchema) },
    errors: [],
    handle: async ({ query }, { source }) => ({
      body: pageBy(query, source.snapshot().quarantines, ({ device, sinceMs }) => `${device}.${sinceMs}`),
    }),
  }),
  route({
    id: 'evidence',
    method: 'GET',
    path: '/api/v1/evidence',
    permission: 'read',
    tag: 'trust',
    summary: 'Evidence on the ledger, newest first',
    query: PageQuerySchema,
    answer: { kind: 'json', status: 200, schema: page('EvidencePage', EvidenceSchema) },
    errors: ['CURSOR_INVALID'],
    handle: async ({ query }, { source }) => ({
      body: await pageDown(
        query,
        (below) => source.evidence(below),
        ({ height }) => height,
      ),
    }),
  }),
  route({
    id: 'evidenceById',
    method: 'GET',
    path: '/api/v1/evidence/:id',
    permission: 'read',
    tag: 'trust',
    summary: 'One piece of evidence',
    params: idParams,
    answer: { kind: 'json', status: 200, schema: EvidenceSchema },
    errors: ['EVIDENCE_UNKNOWN'],
    handle: async ({ params }, { source }) => ({ body: (await findEvidence(source, params.id)) ?? unknown(params.id) }),
  }),
  route({
    id: 'evidenceBundle',
    method: 'GET',
    path: '/api/v1/evidence/:id/bundle',
    permission: 'read',
    tag: 'trust',
    summary: 'The self-contained bundle that anyone can verify offline',
    params: idParams,
    answer: { kind: 'octets' },
    errors: ['EVIDENCE_UNKNOWN'],
    handle: async ({ params: { id } }, { source }) => ({
      body: (await source.evidenceBundle(id)) ?? unknown(id),
      headers: { 'content-disposition': `attachment; filename="evidence-${id}.murmur"` },
    }),
  }),
];

async function findEvidence(source: SwarmSource, id: string): Promise<EvidenceView | undefined> {
  let before: number | undefined;
  for (let page = 0; page < MAX_SEARCH_PAGES; page++) {
    const items = await source.evidence({ limit: MAX_PAGE_ITEMS, ...(before === undefined ? {} : { before }) });
    const found = items.find((item) => item.id === id);
    if (found !== undefined || items.length < MAX_PAGE_ITEMS) return found;
    before = items.at(-1)?.height;
  }
  return undefined;
}

function unknown(id: string): never {
  throw httpError('EVIDENCE_UNKNOWN', `no evidence ${id} is on the ledger`, 'list it at /api/v1/evidence', { id });
}
