import { accept, refuse } from '@murmuration/core';
import { expect, test } from 'vitest';
import {
  type Circuit,
  circuitClause,
  Linear,
  mustBeOneOf,
  mustFit,
  type Opening,
  type Predicate,
  present,
  readCredential,
  satisfies,
} from '../../../src/index.ts';
import { attempt, attested, attesterKeys, audience, entropy, key, subject } from '../predicates/world.ts';
import { termsOf } from '../world.ts';

const ID = 'rooms';
const zero = Linear.constant(0n);

/** Width × depth is at least 20, and the floor is 1, 2 or 5. */
const circuit: Circuit = (builder, [width = zero, depth = zero, floor = zero]) => {
  mustFit(builder, width, 8);
  mustFit(builder, depth, 8);
  mustFit(builder, builder.multiply(width, depth).minus(20n), 16);
  mustBeOneOf(builder, floor, [1n, 2n, 5n]);
};

const rooms: Predicate<{ credential: Uint8Array }, readonly Opening[]> = {
  id: ID,
  statementBytes: ({ credential }) => credential,
  read: ({ credential }, openings) => {
    const read = readCredential(credential, attesterKeys.publicKey, { predicate: ID, subject });
    if (!read.ok) return read;
    const { holder, commitments } = read.value;
    if (commitments.length !== 3) return refuse('bad-credential', 'not width, depth and floor');
    return accept({ holder, subject, clauses: [circuitClause(ID, circuit, commitments.map(termsOf), openings)] });
  },
  falseClause: (_, openings) => {
    const values = openings.map(({ value }) => value);
    return satisfies(circuit, values) ? undefined : 'the room is not of this kind';
  },
};

test.each([
  ['a room that fits', [5n, 4n, 2n], 'holds'],
  ['too small', [4n, 4n, 2n], 'false-proof'],
  ['on another floor', [5n, 5n, 3n], 'false-proof'],
  ['too wide', [256n, 5n, 1n], 'false-proof'],
])("a predicate of one's own is a circuit over a credential: %s", (_, values, wanted) => {
  const { credential, openings } = attested(ID, values);
  expect(attempt(rooms, { credential }, openings)).toBe(wanted);
  if (wanted === 'holds') return;
  expect(() => present(rooms, { credential }, openings, key, audience, entropy)).toThrow(
    expect.objectContaining({ code: 'PRIVACY_STATEMENT_FALSE', message: expect.stringMatching(/of this kind/) }),
  );
});

test('a credential with an input too few or too many is refused before the circuit is built', () => {
  for (const values of [
    [5n, 4n],
    [5n, 4n, 2n, 2n],
  ]) {
    const { credential, openings } = attested(ID, values);
    expect(() => attempt(rooms, { credential }, openings)).toThrow(/bad-credential/);
  }
});
