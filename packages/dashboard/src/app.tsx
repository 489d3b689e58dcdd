import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Api } from './api/api.ts';
import { ConnectionProvider } from './api/context.tsx';
import { createLive } from './api/live.ts';
import { problemOf } from './api/problem.ts';
import { Pages } from './pages.tsx';
import { Shell } from './shell/shell.tsx';
import { theme } from './theme.ts';

export function App({ api }: { readonly api: Api }) {
  const [{ client, live }] = useState(() => start(api));
  useEffect(() => live.start(), [live]);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <ConnectionProvider value={{ api, live }}>
          <Shell>
            <Pages />
          </Shell>
        </ConnectionProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

const NO_ANSWER: ReadonlySet<string> = new Set(['GATEWAY_UNREACHABLE', 'GATEWAY_TIMEOUT']);

function start(api: Api) {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        // Events say what became stale, so nothing is refetched on a hunch.
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        networkMode: 'always',
        // One retry hides a lost packet, not an outage; an answer, even a refusal, is an answer.
        retry: (failures, error) => failures < 1 && NO_ANSWER.has(problemOf(error).code),
        retryDelay: 500,
      },
    },
  });
  return { client, live: createLive(api, client) };
}
