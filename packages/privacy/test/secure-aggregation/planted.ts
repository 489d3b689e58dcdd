import {
  type AggregatorEffect,
  applyMask,
  type ClientEffect,
  type MaskingClient,
} from '../../src/secure-aggregation/index.ts';
import { pairSign } from '../../src/secure-aggregation/masks.ts';
import {
  type ClientMessage,
  encodeClientMessage,
  readClientMessage,
  readServerMessage,
} from '../../src/secure-aggregation/messages.ts';
import { openRecovery } from '../../src/secure-aggregation/secrets.ts';
import { memberEntropy, type World } from './world.ts';

type Shares = Extract<ClientMessage, { readonly kind: 'shares' }>;

/** The seeds of a member's pairs, from what it sealed for its own loss: the test knows its entropy. */
function pairSeeds({ plan }: World, seedText: string, member: number, { recovery, boxes }: Shares) {
  const entropy = memberEntropy(seedText, member);
  entropy.bytes(96 + 32);
  const seeds = openRecovery(plan, member, entropy.bytes(32), recovery, boxes.length) ?? [];
  return new Map(boxes.map(({ to }, i) => [to, seeds[i] as Uint8Array]));
}

/** A member that adds the mask of its pair with `other` where it is to take it away, and the other way round. */
export function withWrongSign(world: World, seedText: string, member: number, other: number): World {
  let seed: Uint8Array | undefined;
  let isMasked = false;
  const client = world.clients[member] as MaskingClient;
  const turned = (effect: ClientEffect): ClientEffect => {
    const read = effect.kind === 'send' ? readClientMessage(effect.bytes, world.plan.length) : undefined;
    if (!read?.ok) return effect;
    if (read.value.kind === 'shares') seed = pairSeeds(world, seedText, member, read.value).get(other);
    if (read.value.kind !== 'masked' || !isMasked || seed === undefined) return effect;
    const words = new Int32Array(read.value.words.slice().buffer);
    for (let i = 0; i < 2; i++) applyMask(words, seed, pairSign(other, member));
    return { kind: 'send', bytes: encodeClientMessage({ kind: 'masked', words: new Uint8Array(words.buffer) }) };
  };
  const planted: MaskingClient = {
    get phase() {
      return client.phase;
    },
    step: (input) => {
      const read = input.kind === 'message' ? readServerMessage(input.bytes) : undefined;
      if (read?.ok && read.value.kind === 'boxes') isMasked = read.value.entries.some(({ from }) => from === other);
      return client.step(input).map(turned);
    },
  };
  return { ...world, clients: world.clients.map((one, i) => (i === member ? planted : one)) };
}

/** A server that forgets to take away the mask which its first survivor shares with `dropout`. */
export function withForgottenMask(world: World, seedText: string, dropout: number): World {
  const { aggregator } = world;
  let seeds: ReadonlyMap<number, Uint8Array> = new Map();
  const spoiled = (effect: AggregatorEffect): AggregatorEffect => {
    if (effect.kind !== 'sum' || effect.result.survivors.includes(dropout)) return effect;
    const first = effect.result.survivors.find((survivor) => seeds.has(survivor));
    if (first === undefined) return effect;
    const sum = effect.result.sum.slice();
    applyMask(sum, seeds.get(first) as Uint8Array, pairSign(first, dropout));
    return { kind: 'sum', result: { ...effect.result, sum } };
  };
  return {
    ...world,
    aggregator: {
      get phase() {
        return aggregator.phase;
      },
      step: (input) => {
        const read = input.kind === 'message' ? readClientMessage(input.bytes, world.plan.length) : undefined;
        if (input.kind === 'message' && input.from === dropout && read?.ok && read.value.kind === 'shares') {
          seeds = pairSeeds(world, seedText, dropout, read.value);
        }
        return aggregator.step(input).map(spoiled);
      },
    },
  };
}
