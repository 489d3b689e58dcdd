import type { EpochProof } from '@murmuration/consensus';
import { accept, equalBytes, fromHex, isMurmurError, type Result, refuse } from '@murmuration/core';
import { createLightClient, decodeGenesis, type Genesis, type LightClient, openLightClient } from '@murmuration/ledger';
import type { CallOptions } from './call.ts';
import type { Operations } from './generated/operations.ts';
import type { CheckpointView } from './generated/schemas.ts';

/** Checkpoints that one answer may hold; a gateway sends 16. */
const MAX_ITEMS = 64;
/** Answers that one catching up may take: enough for 10,000 epochs. */
const MAX_PAGES = 1024;
/** The newest state may move on between two questions. */
const ATTEMPTS = 3;

/** Where trust begins: the genesis itself, or its hash (`swarm.id` of a snapshot, learned elsewhere), in hexadecimal. */
export type LightTrust = { readonly genesis: Uint8Array } | { readonly chainId: string };

export type LightReaderOptions = LightTrust & {
  /** What `save` gave; it must come from where nobody else writes. @default begins at the genesis */
  readonly saved?: Uint8Array | undefined;
};

/**
 * Reads the ledger through a gateway that is not trusted: every value is proved under a state that a quorum of the
 * replicas signed, from the genesis on. What a gateway can do is to keep newer states back.
 */
export interface LightReader {
  readonly epoch: number;
  /** Of the newest state that was proved; 0 before the first. */
  readonly height: number;
  /**
   * What stands under `key` in the newest state that the gateway has: the value in its canonical encoding, or null where
   * there is none. Refused with the light client's reason, or as `malformed-answer`, `no-checkpoint`, `state-moved-on`.
   * @throws MurmurError where the gateway cannot be reached or answers with an error
   */
  read(key: string, options?: CallOptions): Promise<Result<Uint8Array | null>>;
  /** All that it knows, for `saved`. */
  save(): Uint8Array;
}

type LightCalls = Pick<Operations, 'genesis' | 'checkpoints' | 'state'>;

/**
 * Runs in browsers too.
 * @returns refused as `bad-genesis`, `bad-chain-id`, `genesis-of-another-chain`, or with why `saved` cannot be taken up
 * @throws MurmurError where the genesis has to be fetched and cannot
 */
export async function openLightReader(client: LightCalls, options: LightReaderOptions): Promise<Result<LightReader>> {
  const genesis = await trusted(client, options);
  if (!genesis.ok) return genesis;
  const { saved } = options;
  const light = saved === undefined ? accept(createLightClient(genesis.value)) : openLightClient(genesis.value, saved);
  return light.ok ? accept(readerOf(client, light.value)) : light;
}

async function trusted(client: LightCalls, trust: LightTrust): Promise<Result<Genesis>> {
  const wire = 'genesis' in trust ? trust.genesis : await client.genesis();
  const read = decodeGenesis(wire);
  if (!read.ok) return refuse('bad-genesis', read.reason);
  if ('genesis' in trust) return accept(read.value.genesis);
  const chainId = fromHex(trust.chainId);
  if (chainId === undefined) return refuse('bad-chain-id', 'not hex');
  return equalBytes(chainId, read.value.chainId) ? accept(read.value.genesis) : refuse('genesis-of-another-chain');
}

function readerOf(client: LightCalls, light: LightClient): LightReader {
  return {
    get epoch() {
      return light.epoch;
    },
    get height() {
      return light.height;
    },
    save: () => light.save(),
    read: async (key, options) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const known = await catchUp(client, light, options);
        if (!known.ok) return known;
        if (light.height === 0) return refuse('no-checkpoint', 'no state has been certified yet');
        const { height } = light;
        const answer = await stateAt(client, height, key, options);
        if (answer !== undefined) return light.read(height, key, answer);
      }
      return refuse('state-moved-on', `${ATTEMPTS} times the state had changed before it was asked for`);
    },
  };
}

/** Takes what is newer, epoch by epoch, until the gateway has nothing more. */
async function catchUp(
  client: LightCalls,
  light: LightClient,
  options: CallOptions | undefined,
): Promise<Result<void>> {
  for (let page = 0; page < MAX_PAGES; page++) {
    const { epoch, height } = light;
    // The newest one again: where an epoch ends there, it is how the next one is proved.
    const { items } = await client.checkpoints({ epoch, height: Math.max(0, height - 1) }, options);
    if (!Array.isArray(items) || items.length > MAX_ITEMS) return refuse('malformed-answer');
    const taken = takeAll(light, items);
    if (!taken.ok) return taken;
    if (light.epoch === epoch && light.height === height) return accept(undefined);
  }
  return refuse('malformed-answer', `more than ${MAX_PAGES} pages`);
}

function takeAll(light: LightClient, items: readonly CheckpointView[]): Result<void> {
  for (const [i, item] of items.entries()) {
    const checkpoint = readCheckpoint(item, light);
    if (!checkpoint.ok) return checkpoint;
    const { header, proof } = checkpoint.value;
    // An epoch that has just ended: its last state is the newest there is, and is read before it is left.
    const leaves = proof.length > 0 && i < items.length - 1;
    const taken = leaves ? light.advance({ header, proof }) : light.follow(header);
    if (!taken.ok && taken.reason !== 'stale') return taken;
  }
  return accept(undefined);
}

function readCheckpoint(item: CheckpointView, { chainId }: LightClient): Result<EpochProof> {
  const { epoch, height } = item;
  const stateDigest = fromHex(String(item.stateDigest));
  const certificate = fromHex(String(item.certificate));
  const proof = fromHex(String(item.epochProof));
  if (stateDigest === undefined || certificate === undefined || proof === undefined) return refuse('malformed-answer');
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(height)) return refuse('malformed-answer');
  return accept({ header: { chainId, epoch, height, stateDigest, certificate }, proof });
}

/** @returns undefined where the gateway has another state by now */
async function stateAt(
  client: LightCalls,
  height: number,
  key: string,
  options: CallOptions | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await client.state({ height, key }, options);
  } catch (error) {
    if (isMurmurError(error) && error.code === 'STATE_UNKNOWN') return undefined;
    throw error;
  }
}
