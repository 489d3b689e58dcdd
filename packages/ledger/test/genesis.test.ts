import { isMurmurError, toHex } from '@murmuration/core';
import { issueCertificate } from '@murmuration/identity';
import { describe, expect, test } from 'vitest';
import { chainIdOf, createLedger, decodeGenesis, encodeGenesis, type Genesis, replicaSetOf } from '../src/index.ts';
import { at, deviceNamed, flipped, genesisOf, replicaIdentities } from './fixtures.ts';

test('the replica set has the devices and keys of the certificates, in their order', () => {
  const genesis = genesisOf(4);
  const { chainId, epoch, replicas } = replicaSetOf(genesis);
  expect(epoch).toBe(0);
  expect(chainId).toEqual(chainIdOf(genesis));
  expect(replicas).toEqual(replicaIdentities(4).map(({ device, certificate: { key } }) => ({ device, key })));
});

test('every field changes the chain id', () => {
  const genesis = genesisOf(2);
  const variants: Genesis[] = [
    genesis,
    { ...genesis, name: 'other' },
    { ...genesis, createdMs: genesis.createdMs + 1 },
    { ...genesis, seed: flipped(genesis.seed, 0) },
    { ...genesis, replicas: genesis.replicas.toReversed() },
    { ...genesis, names: ['x', 'y'] },
  ];
  expect(new Set(variants.map((variant) => toHex(chainIdOf(variant)))).size).toBe(variants.length);
});

test('what was encoded is read back, with its chain id', () => {
  const genesis = genesisOf(2);
  const read = decodeGenesis(encodeGenesis(genesis));
  if (!read.ok) throw new Error(read.reason);
  expect(read.value.genesis).toEqual(genesis);
  expect(read.value.chainId).toEqual(chainIdOf(genesis));
});

describe('a genesis that can start no chain', () => {
  const good = genesisOf(2);
  const [first, second] = [at(good.replicas, 0), at(good.replicas, 1)];
  const cases: [string, Genesis][] = [
    ['no-replicas', { ...good, replicas: [], names: [] }],
    ['names-do-not-match', { ...good, names: ['one'] }],
    ['bad-certificate', { ...good, replicas: [first, flipped(second, second.length - 1)] }],
    ['device-twice', { ...good, replicas: [first, first] }],
    ['key-twice', { ...good, replicas: [first, twinOfFirst()] }],
  ];
  test.each(cases)('is refused as %s, and throws where it is our own', (reason, genesis) => {
    expect(decodeGenesis(encodeGenesis(genesis))).toMatchObject({ ok: false, reason });
    let thrown: unknown;
    try {
      createLedger(genesis);
    } catch (error) {
      thrown = error;
    }
    expect(isMurmurError(thrown, 'LEDGER_GENESIS_INVALID')).toBe(true);
  });
});

/** Another device's certificate for the operational key of replica 0. */
function twinOfFirst(): Uint8Array {
  const { certificate, signer, secretKey } = at(replicaIdentities(1), 0);
  const operationalKey = { publicKey: signer.publicKey, secretKey };
  return issueCertificate(deviceNamed('replica 1').root, { ...certificate, operationalKey });
}
