import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createWorld } from '../../gateway/test/fixtures/world.ts';
import { createClient, verifyEvidence } from '../src/index.ts';

test('a bundle that a gateway served proves its lie offline, on its own chain only', async () => {
  await using world = await createWorld();
  const client = createClient({ baseUrl: world.gateway.url });
  const { id: chainId } = (await client.swarm()).swarm;
  const { lie } = world.source;
  const bundle = await client.evidenceBundle({ id: lie.id });
  const verified = verifyEvidence(bundle, { chainId });
  expect(verified).toMatchObject({ ok: true, value: { id: lie.id, kind: 'double-update', accused: lie.accused } });
  expect(verifyEvidence(bundle, { chainId: 'ff'.repeat(32) })).toMatchObject({ ok: false, reason: 'foreign-chain' });
  expect(verifyEvidence(bundle, { chainId: 'no hex' })).toMatchObject({ ok: false, reason: 'bad-chain-id' });
});

test('bytes that a server made up prove nothing, and a changed bundle proves nothing any more', async () => {
  await using world = await createWorld();
  const { lie } = world.source;
  expect(verifyEvidence(new Uint8Array()).ok).toBe(false);
  expect(verifyEvidence(Uint8Array.from({ length: 96 }, (_, i) => 255 - i)).ok).toBe(false);
  for (let at = 0; at < lie.bytes.length; at += 97) {
    const changed = lie.bytes.slice();
    changed[at] = (changed[at] as number) ^ 1;
    const verified = verifyEvidence(changed);
    // Either refused, or (where the flipped bit only renames the offence's place) no longer this finding.
    expect(verified.ok && verified.value.id === lie.id).toBe(false);
  }
});

test('the sdk runs in browsers: no file of it touches node', () => {
  const folder = path.join(import.meta.dirname, '../src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files)
    expect(readFileSync(path.join(folder, file), 'utf8')).not.toMatch(/'node:|Buffer\.|process\./);
});
