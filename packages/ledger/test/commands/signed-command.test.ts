import { encode, isMurmurError, struct, uint } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { rebuildCommand } from '../../src/commands/signed-command.ts';
import { type Command, MAX_COMMAND_BYTES, readCommand, signCommand, verifyCommand } from '../../src/index.ts';
import { at, deviceNamed, flipped, hashOf, openJob, replicaIdentities, update, verdictOn } from '../fixtures.ts';

const CHAIN = hashOf(1);
const { identity } = deviceNamed('replica 0');
const other = at(replicaIdentities(2), 1).device;

const commands: Command[] = [
  { kind: 'register-device', certificate: identity.certificateBytes, name: 'a' },
  { kind: 'rotate-key', certificate: identity.certificateBytes },
  { ...(openJob() as Extract<Command, { kind: 'open-job' }>), participants: [identity.device] },
  update(1, hashOf(2)),
  { kind: 'attest-updates', job: 'job', round: 1, updates: [{ device: other, hash: hashOf(3) }] },
  { kind: 'commit-result', job: 'job', round: 2, modelHash: hashOf(4), verdicts: [verdictOn(other, true)] },
  { kind: 'submit-evidence', evidence: hashOf(5) },
];

describe.each(commands.map((command) => [command.kind, command] as const))('%s', (_kind, command) => {
  const wire = signCommand(identity, CHAIN, 9, command);

  test('is read as it was signed, and its bytes can be given back', () => {
    const read = readCommand(wire);
    if (!read.ok) throw new Error(read.reason);
    expect(read.value).toMatchObject({ device: identity.device, sequence: 9, command });
    expect(verifyCommand(read.value, CHAIN, identity.certificate.key)).toBe(true);
    expect(rebuildCommand(read.value, read.value.command)).toEqual(wire);
  });

  test('is not read, or not signed, with any byte changed', () => {
    // All bytes of short commands; of those that carry a certificate each 13th.
    for (let i = 0; i < wire.length; i += wire.length > 1_000 ? 13 : 1) {
      const read = readCommand(flipped(wire, i, 1 << (i % 8)));
      if (read.ok) expect(verifyCommand(read.value, CHAIN, identity.certificate.key)).toBe(false);
    }
  });
});

test('a signature holds on one chain and for one key', () => {
  const read = readCommand(signCommand(identity, CHAIN, 1, update(1, hashOf(2))));
  if (!read.ok) throw new Error(read.reason);
  expect(verifyCommand(read.value, hashOf(9), identity.certificate.key)).toBe(false);
  expect(verifyCommand(read.value, CHAIN, at(replicaIdentities(2), 1).certificate.key)).toBe(false);
});

test('bytes that are no command are refused by reason', () => {
  expect(readCommand(new Uint8Array(MAX_COMMAND_BYTES + 1))).toMatchObject({ reason: 'too-large' });
  expect(readCommand(new Uint8Array(300).fill(0x91))).toMatchObject({ reason: 'malformed' });
  expect(readCommand(encode(struct({ a: uint }), { a: 1 }))).toMatchObject({ reason: 'wrong-shape' });
  const wire = signCommand(identity, CHAIN, 1, update(1, hashOf(2)));
  // The body's length as 16 bits where 8 suffice.
  expect(at([...wire], 1)).toBe(0xc4);
  const padded = Uint8Array.of(at([...wire], 0), 0xc5, 0, ...wire.subarray(2));
  expect(readCommand(padded)).toMatchObject({ reason: 'not-canonical' });
});

test('a command that the ledger could not read is not signed', () => {
  const sign =
    (command: Command, sequence = 1) =>
    () =>
      signCommand(identity, CHAIN, sequence, command);
  const code = (make: () => unknown) => {
    try {
      make();
    } catch (error) {
      return isMurmurError(error) ? error.code : String(error);
    }
    return undefined;
  };
  expect(code(sign({ ...(openJob() as Extract<Command, { kind: 'open-job' }>), plan: new Uint8Array(4_097) }))).toBe(
    'LEDGER_COMMAND_INVALID',
  );
  expect(code(sign(update(1, new Uint8Array(31))))).toBe('LEDGER_COMMAND_INVALID');
  expect(code(sign(openJob(), 0))).toBe('OPTION_OUT_OF_RANGE');
});
