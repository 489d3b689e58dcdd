import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Api } from './api/api.ts';
import { ConnectionProvider } from './api/context.tsx';
import { createLive } from './api/live.ts';
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

function start(api: Api) {
  const client = new QueryClient({
    // Events say what became stale, so nothing is refetched on a hunch; one retry hides a lost packet, not an outage.
    defaultOptions: { queries: { staleTime: 30_000, retry: 1, refetchOnWindowFocus: false, networkMode: 'always' } },
  });
  return { client, live: createLive(api, client) };
}
