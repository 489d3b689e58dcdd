import { decodeBatch } from '../quorum/batch.ts';
import { decodeMessage } from './messages.ts';

/**
 * The requests that a message of another replica brings, before anything about it is checked: so that a host may have
 * their signatures verified while the replicas vote. Empty for every other message, and for bytes that are none.
 */
export function requestsIn(wire: Uint8Array): readonly Uint8Array[] {
  const message = decodeMessage(wire);
  if (!message.ok) return [];
  if (message.value.kind === 'requests') return message.value.requests;
  if (message.value.kind !== 'pre-prepare') return [];
  const batch = decodeBatch(message.value.payload);
  return batch.ok ? batch.value.requests : [];
}
