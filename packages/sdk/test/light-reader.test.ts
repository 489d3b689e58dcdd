import { fromHex, toHex } from '@murmuration/core';
import { encodeGenesis } from '@murmuration/ledger';
import type { LightQuestion } from '@murmuration/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Chain, fixtureChain } from '../../gateway/test/fixtures/chain.ts';
import { createWorld, type World } from '../../gateway/test/fixtures/world.ts';
import { type ThreeEpochs, threeEpochs } from '../../ledger/test/quarantine/three-epochs.ts';
import { createClient, openLightReader } from '../src/index.ts';

let chain: ThreeEpochs;
let honest: Chain;
let genesis: Uint8Array;
let chainId: string;
let key: string;
beforeAll(() => {
  chain = threeEpochs();
  honest = fixtureChain(chain);
  genesis = encodeGenesis(chain.world.genesis);
  chainId = toHex(chain.world.ledger.chainId);
  key = `device/${chain.newcomer.device}`;
});

/** A real gateway whose device answers light clients so. */
async function serve(answers: Chain = honest): Promise<World> {
  const world = await createWorld({ fixture: { steps: 1 } });
  world.source.chain = answers;
  return world;
}

async function readerAt(world: World, trust: Parameters<typeof openLightReader>[1] = { genesis }) {
  const reader = await openLightReader(createClient({ baseUrl: world.gateway.url }), trust);
  if (!reader.ok) throw new Error(reader.reason);
  return reader.value;
}

/** The honest answer with its bytes changed. */
function forging(kind: LightQuestion['kind'], forge: (answer: Uint8Array) => Uint8Array): Chain {
  return (question) => {
    const answer = honest(question);
    return answer !== undefined && question.kind === kind ? forge(answer) : answer;
  };
}

/** One byte of what is under `needle` in an answer. */
function bend(answer: Uint8Array, needle: Uint8Array, offset: number): Uint8Array {
  const copy = Buffer.from(answer);
  const at = copy.indexOf(needle);
  if (at < 0) throw new Error('the answer does not hold it');
  copy[at + offset] = (copy[at + offset] as number) ^ 1;
  return new Uint8Array(copy);
}

describe('a light reader over a real gateway', () => {
  test('reads a value of the newest state, three epochs from the genesis, and that there is none', async () => {
    await using world = await serve();
    const reader = await readerAt(world);
    const read = await reader.read(key);
    expect(read.ok && read.value !== null).toBe(true);
    expect(read).toEqual({ ok: true, value: chain.world.ledger.prove(key)?.value });
    expect([reader.epoch, reader.height]).toEqual([2, chain.world.ledger.height]);
    expect(await reader.read('device/nobody')).toEqual({ ok: true, value: null });
  });

  test('needs no more than the chain id, and goes on from what it saved', async () => {
    await using world = await serve();
    const reader = await readerAt(world, { chainId });
    expect((await reader.read(key)).ok).toBe(true);
    const again = await readerAt(world, { chainId, saved: reader.save() });
    expect([again.epoch, again.height]).toEqual([reader.epoch, reader.height]);
    expect(await again.read(key)).toEqual(await reader.read(key));
  });

  test('reads the last state of an epoch before it goes over to the next', async () => {
    const [first] = chain.proofs as [ThreeEpochs['proofs'][number]];
    await using world = await serve(fixtureChain(chain, first.header.height));
    const reader = await readerAt(world);
    expect(await reader.read('device/nobody')).toEqual({ ok: true, value: null });
    expect([reader.epoch, reader.height]).toEqual([0, first.header.height]);
    world.source.chain = honest;
    expect(await reader.read(key)).toMatchObject({ ok: true });
    expect(reader.epoch).toBe(2);
  });

  test('says so where the state has moved on each time it asks', async () => {
    await using world = await serve((question) => (question.kind === 'state' ? undefined : honest(question)));
    expect(await (await readerAt(world)).read(key)).toMatchObject({ ok: false, reason: 'state-moved-on' });
  });
});

describe('a gateway that forges', () => {
  const digestOf = () => (chain.proofs[0] as ThreeEpochs['proofs'][number]).header.stateDigest;
  const cases: [string, () => Chain, RegExp][] = [
    ['another state', () => forging('checkpoints', (answer) => bend(answer, digestOf(), 3)), /^bad-signature$/],
    [
      'a signature',
      () => forging('checkpoints', (answer) => bend(answer, certificate(), certificate().length - 1)),
      /^(bad-signature|malformed-certificate)$/,
    ],
    [
      'the next replicas',
      () => forging('checkpoints', (answer) => bend(answer, proofBytes(), 200)),
      /^bad-epoch-proof$/,
    ],
    [
      'a value',
      () => forging('state', (answer) => bend(answer, valueBytes(), 9)),
      /^(wrong-proof|wrong-key|not-canonical|malformed|wrong-shape)$/,
    ],
    [
      'an answer about something else',
      () => (question) => honest(question.kind === 'state' ? { ...question, key: 'meta/chain' } : question),
      /^wrong-key$/,
    ],
    [
      'no value where there is one',
      () => (question) => honest(question.kind === 'state' ? { ...question, key: 'device/nobody' } : question),
      /^wrong-key$/,
    ],
  ];
  const certificate = () => (chain.proofs[0] as ThreeEpochs['proofs'][number]).header.certificate;
  const proofBytes = () => (chain.proofs[0] as ThreeEpochs['proofs'][number]).proof;
  const valueBytes = () => chain.world.ledger.prove(key)?.value as Uint8Array;

  test.each(cases)('%s is refused with the reason', async (_, forged, reason) => {
    await using world = await serve(forged());
    const read = await (await readerAt(world)).read(key);
    expect(read.ok ? 'believed' : read.reason).toMatch(reason);
  });

  test('skips an epoch, serves another chain, or a genesis of its own, and is refused', async () => {
    const [first] = chain.proofs;
    const skipping: Chain = (question) =>
      honest(question.kind === 'checkpoints' ? { ...question, height: first?.header.height ?? 0 } : question);
    await using skips = await serve(skipping);
    expect(await (await readerAt(skips)).read(key)).toMatchObject({ reason: 'unknown-epoch' });
    await using other = await serve(fixtureChain(threeEpochs('other')));
    expect(await (await readerAt(other)).read(key)).toMatchObject({ reason: 'bad-signature' });
    const client = createClient({ baseUrl: other.gateway.url });
    expect(await openLightReader(client, { chainId })).toMatchObject({ reason: 'genesis-of-another-chain' });
    expect(await openLightReader(client, { chainId: 'no hex' })).toMatchObject({ reason: 'bad-chain-id' });
    expect(await openLightReader(client, { genesis: fromHex('00') as Uint8Array })).toMatchObject({
      reason: 'bad-genesis',
    });
  });

  test('has nothing to show: there is no value, and no wrong one', async () => {
    await using world = await serve(() => undefined);
    expect(await (await readerAt(world)).read(key)).toMatchObject({ reason: 'no-checkpoint' });
    const client = createClient({ baseUrl: world.gateway.url });
    await expect(client.state({ height: 3, key })).rejects.toMatchObject({ code: 'STATE_UNKNOWN' });
    await expect(client.genesis()).rejects.toMatchObject({ code: 'STATE_UNKNOWN' });
  });
});
