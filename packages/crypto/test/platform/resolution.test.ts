import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { toHex, utf8 } from '@murmuration/core';
import { build, defaultClientConditions, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import * as onNode from '../../src/index.ts';

const entry = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
type Crypto = typeof onNode;

/** The package as a browser gets it, in one module. */
async function bundleForBrowser(): Promise<string> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['murmuration-src', ...defaultClientConditions] },
    build: { write: false, minify: false, lib: { entry, formats: ['es'] } },
  }).then((built) => (Array.isArray(built) ? built[0] : built))) as Rolldown.RolldownOutput;
  expect(output.length).toBe(1);
  expect([...output[0].imports, ...output[0].dynamicImports]).toEqual([]);
  return output[0].code;
}

test('Vite resolves the web platform under the browser condition, and it does what node does', async () => {
  const code = await bundleForBrowser();
  const inBrowser = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Crypto;
  expect(Object.keys(inBrowser).sort()).toEqual(Object.keys(onNode).sort());

  const seeds = { ed25519: new Uint8Array(32).fill(1), mlDsa65: new Uint8Array(32).fill(2) };
  const message = utf8('both ways');
  const signed = [onNode, inBrowser].map((on: Crypto) => {
    const keys = on.hybridKeyPair(seeds);
    return {
      keys,
      signature: on.hybridSign('d', message, keys.secretKey),
      sealed: on.aeadSeal(seeds.ed25519, new Uint8Array(12), message),
    };
  });
  const [node, web] = signed as [(typeof signed)[0], (typeof signed)[0]];
  expect(toHex(web.signature)).toBe(toHex(node.signature));
  expect(toHex(web.sealed)).toBe(toHex(node.sealed));
  expect(onNode.hybridVerify('d', message, web.signature, web.keys.publicKey)).toBe(true);
  expect(inBrowser.hybridVerify('d', message, node.signature, node.keys.publicKey)).toBe(true);
  expect(inBrowser.hybridVerify('e', message, node.signature, node.keys.publicKey)).toBe(false);
});

test('node runs the sources unbuilt under the murmuration-src condition', () => {
  const program = `
    import { sha3_256 } from '@murmuration/crypto';
    console.log(Buffer.from(sha3_256()).toString('hex'), import.meta.resolve('@murmuration/crypto').endsWith('src/index.ts'));`;
  const run = spawnSync(process.execPath, ['--conditions=murmuration-src', '--input-type=module', '--eval', program], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  expect(run.stderr).toBe('');
  expect(run.stdout.trim()).toBe('a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a true');
});
