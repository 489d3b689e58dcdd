import type { CommHost } from '@murmuration/comm';
import { accept, type MessagePort, MurmurError, refuse, toHex } from '@murmuration/core';
import { chainIdOf, decodeGenesis, encodeGenesis, type Genesis } from '@murmuration/ledger';
import { joinSwarm } from './adapters/home.ts';

const TOPIC = 'genesis';
const REQUEST_TIMEOUT_MS = 5000;

/** Tells newcomers which swarm this is. */
export function serveGenesis(port: MessagePort, genesis: Genesis): void {
  const wire = encodeGenesis(genesis);
  port.onRequest(TOPIC, async (_from, request) => (request.length === 0 ? accept(wire) : refuse('malformed')));
}

/**
 * Makes a home part of the swarm that answers at the bootstrap addresses, and for life: from here on the home
 * follows this genesis only. Trust on first use, unless the chain id is given.
 * @throws JOIN_FAILED, HOME_OTHER_SWARM
 */
export async function joinThrough(
  host: CommHost,
  folder: string,
  options: { readonly bootstrap?: readonly string[]; readonly swarm?: string },
): Promise<Genesis> {
  const reasons: string[] = [];
  for (const address of options.bootstrap ?? []) {
    const peer = await host.dial(address);
    const wire = peer.ok
      ? await host.port.request(peer.value, TOPIC, new Uint8Array(0), { timeoutMs: REQUEST_TIMEOUT_MS })
      : peer;
    const genesis = wire.ok ? decodeGenesis(wire.value) : wire;
    if (!wire.ok || !genesis.ok) {
      reasons.push(`${address}: ${genesis.ok ? '' : genesis.reason}`);
      continue;
    }
    const id = toHex(chainIdOf(genesis.value.genesis));
    if (options.swarm !== undefined && id !== options.swarm) {
      reasons.push(`${address}: it is in the swarm ${id}`);
      continue;
    }
    joinSwarm(folder, wire.value);
    return genesis.value.genesis;
  }
  throw new MurmurError({
    code: 'JOIN_FAILED',
    message: `no swarm could be joined${reasons.length === 0 ? ': no address was given' : ` (${reasons.join('; ')})`}`,
    remedy: 'give the multiaddr of a running device of the swarm, as `murmur devices` shows it',
  });
}
