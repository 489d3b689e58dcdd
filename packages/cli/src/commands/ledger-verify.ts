import { writeFileSync } from 'node:fs';
import { MurmurError, type Result, toHex } from '@murmuration/core';
import type { LightReader } from '@murmuration/sdk';
import { bold, dim, green } from '../terminal/style.ts';
import { checkChain, connect, printJson, printLines, type RemoteOptions } from './shared.ts';

export interface VerifyOptions extends RemoteOptions {
  readonly chain?: string;
  readonly out?: string;
}

/** Bytes of a value that are printed. */
const MAX_SHOWN = 64;

/** Reads one leaf through the gateway without trusting it, where the chain id comes from elsewhere. */
export async function verifyLeaf(key: string, options: VerifyOptions): Promise<void> {
  const { openLightReader } = await import('@murmuration/sdk');
  const client = await connect(options);
  const chainId = options.chain === undefined ? (await client.swarm()).swarm.id : checkChain(options.chain);
  const reader: LightReader = proven(await openLightReader(client, { chainId }));
  const value = proven(await reader.read(key));
  const { epoch, height } = reader;
  if (options.out !== undefined && value !== null) writeFileSync(options.out, value);
  if (options.json) return printJson({ verified: true, chainId, key, epoch, height, value: value && toHex(value) });
  printLines([
    `${green('✓ verified')} ${bold(key)} ${dim(`epoch ${epoch}, height ${height}`)}`,
    value === null ? '  nothing stands there' : `  ${value.length} bytes: ${shown(value)}`,
    options.chain === undefined
      ? dim(`  chain ${chainId}, by the gateway’s own word: compare it, or give --chain`)
      : dim(`  chain ${chainId}`),
  ]);
}

function shown(value: Uint8Array): string {
  const text = toHex(value.subarray(0, MAX_SHOWN));
  return value.length > MAX_SHOWN ? `${text}…` : text;
}

/** Of reasons that are no lie. */
const REMEDIES: Readonly<Record<string, string>> = {
  'no-checkpoint': 'wait until the swarm has certified its first state, and ask again',
  'state-moved-on': 'ask again',
};

/** @throws PROOF_REFUSED */
function proven<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new MurmurError({
    code: 'PROOF_REFUSED',
    message: `the gateway has not proved it: ${result.reason}${result.detail === undefined ? '' : ` (${result.detail})`}`,
    remedy: REMEDIES[result.reason] ?? 'believe nothing that it says of the ledger; ask another device of the swarm',
    facts: { reason: result.reason },
  });
}
