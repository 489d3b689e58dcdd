import { utf8 } from '@murmuration/core';
import { ed25519KeyPair } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import { networkPathValues, networkPolicy } from '../../../src/zk/predicates/network-policy.ts';
import { present } from '../../../src/zk/presentation/presentation.ts';
import { attempt, attested, attesterKeys, audience, entropy, key, subject } from './world.ts';

const allowList = ['a.example', 'b.example', 'c.example'].map(utf8);

function world(values: readonly bigint[]) {
  const { credential, openings } = attested('network-policy', values);
  const statement = { attester: attesterKeys.publicKey, credential, session: subject, allowList };
  return { statement, secrets: { openings } };
}

/** A path's values with some of them changed: 0 is the destination, 1 the hops, 2 to 9 the networks. */
function path(networks: readonly number[], destination = 'b.example', hops?: bigint) {
  const values = networkPathValues({ destination: utf8(destination), networks });
  return world(values.map((value, i) => (i === 1 && hops !== undefined ? hops : value)));
}

test.each([
  ['three hops, three networks', [100, 200, 300]],
  ['eight hops', [7, 7, 7, 7, 7, 7, 8, 9]],
])('a path within the policy holds: %s', (_, networks) => {
  const { statement, secrets } = path(networks);
  expect(attempt(networkPolicy, statement, secrets)).toBe('holds');
});

test('clause 1: a destination that is not on the allow-list is refused', () => {
  const { statement, secrets } = path([1, 2, 3], 'evil.example');
  expect(attempt(networkPolicy, statement, secrets)).toBe('false-proof');
});

test.each([0n, 2n, 9n, 1n << 40n])('clause 2: %i hops are refused', (hops) => {
  const { statement, secrets } = path([1, 2, 3], 'a.example', hops);
  expect(attempt(networkPolicy, statement, secrets)).toBe('false-proof');
});

test.each([
  ['two networks', [5, 6, 5, 6]],
  ['one', [5, 5, 5]],
])(
  'clause 3: fewer than three distinct networks are refused, the zeros of unused places do not count: %s',
  (_, networks) => {
    const { statement, secrets } = path(networks);
    expect(attempt(networkPolicy, statement, secrets)).toBe('false-proof');
  },
);

test('another allow-list, session, attester or credential is refused', () => {
  const { statement, secrets } = path([1, 2, 3]);
  const other = path([1, 2, 3]);
  const bytes = (changed: Partial<typeof statement>) => attempt(networkPolicy, { ...statement, ...changed }, secrets);
  expect(bytes({ allowList: allowList.slice(0, 1) })).toBe('false-proof');
  expect(bytes({ credential: other.statement.credential })).toBe('false-proof');
  expect(() => bytes({ session: new Uint8Array(32) })).toThrow(/wrong-subject/);
  expect(() => bytes({ attester: ed25519KeyPair(new Uint8Array(32)).publicKey })).toThrow(/wrong-signature/);
  expect(() => bytes({ allowList: [] })).toThrow(/bad-statement/);
});

test('an honest prover is told which clause does not hold, with a code', () => {
  const cases = [
    [path([1, 2, 3], 'evil.example'), /destination/],
    [path([1, 2, 3], 'a.example', 2n), /hops/],
    [path([5, 6, 5]), /distinct/],
  ] as const;
  for (const [{ statement, secrets }, message] of cases) {
    expect(() => present(networkPolicy, statement, secrets, key, audience, entropy)).toThrow(
      expect.objectContaining({ code: 'PRIVACY_STATEMENT_FALSE', message: expect.stringMatching(message) }),
    );
  }
});

test('an attester does not sign what is no path', () => {
  for (const networks of [[], [0], [1.5], [2 ** 32], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    expect(() => networkPathValues({ destination: utf8('a'), networks })).toThrow(
      expect.objectContaining({ code: 'PRIVACY_BAD_ATTRIBUTES' }),
    );
  }
});
