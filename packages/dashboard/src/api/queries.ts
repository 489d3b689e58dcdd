import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { Page } from './api.ts';
import { useConnection, useLive } from './context.tsx';
import { keys } from './keys.ts';
import type { BlockView, EvidenceView, RoundDetail, RoundView, SwarmSnapshot } from './views.ts';

/** While events flow nothing is polled; without them (a proxy that blocks WebSocket) this keeps the page moving. */
const POLL_MS = 4_000;

export function useSwarm(): UseQueryResult<SwarmSnapshot> {
  const { api, live } = useConnection();
  const { phase } = useLive();
  return useQuery({
    queryKey: keys.swarm,
    queryFn: async ({ signal }) => {
      const snapshot = await api.swarm(signal);
      live.note(snapshot);
      return snapshot;
    },
    refetchInterval: phase === 'live' ? false : POLL_MS,
  });
}

export function useRounds(job: string | null, cursor: string | null): UseQueryResult<Page<RoundView>> {
  const { api } = useConnection();
  return useQuery({
    queryKey: [...keys.roundsOf(job ?? ''), cursor],
    queryFn: ({ signal }) => api.rounds(job ?? '', cursor, signal),
    enabled: job !== null,
    placeholderData: keepPreviousData,
  });
}

export function useRound(job: string, round: number): UseQueryResult<RoundDetail> {
  const { api } = useConnection();
  return useQuery({ queryKey: keys.round(job, round), queryFn: ({ signal }) => api.round(job, round, signal) });
}

export function useBlocks(cursor: string | null): UseQueryResult<Page<BlockView>> {
  const { api } = useConnection();
  return useQuery({
    queryKey: [...keys.blocks, cursor],
    queryFn: ({ signal }) => api.blocks(cursor, signal),
    placeholderData: keepPreviousData,
  });
}

export function useEvidenceList(cursor: string | null): UseQueryResult<Page<EvidenceView>> {
  const { api } = useConnection();
  return useQuery({
    queryKey: [...keys.evidence, 'page', cursor],
    queryFn: ({ signal }) => api.evidence(cursor, signal),
    placeholderData: keepPreviousData,
  });
}

export function useEvidence(id: string): UseQueryResult<EvidenceView> {
  const { api } = useConnection();
  return useQuery({
    queryKey: [...keys.evidence, 'one', id],
    queryFn: ({ signal }) => api.evidenceById(id, signal),
  });
}
