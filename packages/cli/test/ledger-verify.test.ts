import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { toHex } from '@murmuration/core';
import { beforeAll, expect, test } from 'vitest';
import { fixtureChain } from '../../gateway/test/fixtures/chain.ts';
import { createWorld } from '../../gateway/test/fixtures/world.ts';
import { type ThreeEpochs, threeEpochs } from '../../ledger/test/quarantine/three-epochs.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
let chain: ThreeEpochs;
let chainId: string;
let key: string;
beforeAll(() => {
  chain = threeEpochs();
  chainId = toHex(chain.world.ledger.chainId);
  key = `device/${chain.newcomer.device}`;
});

async function verify(url: string, ...args: string[]) {
  const child = spawn(
    process.execPath,
    ['--conditions=murmuration-src', MAIN, 'ledger', 'verify', ...args, '--url', url],
    {
      env: { ...process.env, NO_COLOR: '1' },
    },
  );
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

test('murmur ledger verify shows a value of the newest epoch, and that nothing stands under another key', async () => {
  await using world = await createWorld({ fixture: { steps: 1 } });
  world.source.chain = fixtureChain(chain);
  const { code, out } = await verify(world.gateway.url, key, '--chain', chainId, '--json');
  const value = toHex(chain.world.ledger.prove(key)?.value as Uint8Array);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ verified: true, key, epoch: 2, value });
  const absent = await verify(world.gateway.url, 'device/nobody', '--chain', chainId);
  expect(absent.out).toContain('nothing stands there');
}, 60_000);

test('it exits with 4 where the gateway is of another chain', async () => {
  await using world = await createWorld({ fixture: { steps: 1 } });
  world.source.chain = fixtureChain(threeEpochs('other'));
  const { code, err } = await verify(world.gateway.url, key, '--chain', chainId);
  expect(err).toContain('PROOF_REFUSED');
  expect(err).toContain('genesis-of-another-chain');
  expect(code).toBe(4);
}, 60_000);
