import { createClient } from '@murmuration/sdk';
import type { Api } from './api.ts';

const PAGE_ITEMS = 25;

/** @param token where the gateway asks readers for one */
export function gatewayApi(origin: string, token: string | undefined): Api {
  const client = createClient({ baseUrl: origin, token });
  const page = (cursor: string | null) => ({ limit: PAGE_ITEMS, cursor: cursor ?? undefined });
  return {
    swarm: (signal) => client.swarm({ signal }),
    rounds: (job, cursor, signal) => client.rounds({ job, ...page(cursor) }, { signal }),
    round: (job, round, signal) => client.round({ job, round }, { signal }),
    blocks: (cursor, signal) => client.blocks(page(cursor), { signal }),
    evidence: (cursor, signal) => client.evidence(page(cursor), { signal }),
    evidenceById: (id, signal) => client.evidenceById({ id }, { signal }),
    evidenceBundle: (id, signal) => client.evidenceBundle({ id }, { signal }),
    // Somebody looks at the page: it should not stay old for long once the swarm is back.
    subscribe: (watcher) => client.subscribe(watcher, { maxRetryMs: 2_000 }),
  };
}
