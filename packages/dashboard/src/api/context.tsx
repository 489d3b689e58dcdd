import { createContext, use, useSyncExternalStore } from 'react';
import type { Api } from './api.ts';
import type { Live, LiveState } from './live.ts';

export interface Connection {
  readonly api: Api;
  readonly live: Live;
}

const ConnectionContext = createContext<Connection | null>(null);

export const ConnectionProvider = ConnectionContext.Provider;

export function useConnection(): Connection {
  // App provides it around every page.
  return use(ConnectionContext) as Connection;
}

export function useLive(): LiveState {
  const { live } = useConnection();
  return useSyncExternalStore(live.subscribe, live.get);
}
