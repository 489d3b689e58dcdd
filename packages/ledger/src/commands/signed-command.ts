import {
  accept,
  bytes,
  bytesUpTo,
  checkInteger,
  concatBytes,
  type DecodeReason,
  type DeviceId,
  decodeCanonical,
  deviceId,
  encode,
  integer,
  MurmurError,
  type Result,
  struct,
} from '@murmuration/core';
import { ED25519_SIGNATURE_BYTES, ed25519Verify, type Signer, sha3_256 } from '@murmuration/crypto';
import { MAX_COMMAND_BYTES } from '../limits.ts';
import { type Command, commandSchema } from './command.ts';

const COMMAND_DOMAIN = 'murmur/ledger/command/1';
/** Leaves room to count on for longer than a device lives. */
const MAX_SEQUENCE = 2 ** 48;

const bodySchema = struct({ device: deviceId, sequence: integer(1, MAX_SEQUENCE), command: commandSchema });
const wireSchema = struct({ body: bytesUpTo(MAX_COMMAND_BYTES), signature: bytes(ED25519_SIGNATURE_BYTES) });

/** A command as it was received; the signature is not checked yet. */
export interface SignedCommand {
  readonly device: DeviceId;
  readonly sequence: number;
  readonly command: Command;
  /** The signed bytes, as received. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
  /** The whole command, as received. */
  readonly wire: Uint8Array;
  /** SHA3-256 of `wire`: the name of this command. */
  readonly digest: Uint8Array;
}

/** Who signs: a `DeviceIdentity`, or the two fields of it that are needed. */
export interface CommandSigner {
  readonly device: DeviceId;
  readonly signer: Signer;
}

/**
 * @param chainId 32 bytes; the signature holds on this chain alone
 * @param sequence from `Ledger.nextSequence`, 1 to 2^48; each is used once
 * @returns the bytes to propose
 * @throws OPTION_OUT_OF_RANGE, LEDGER_COMMAND_INVALID where the ledger could not read the command
 */
export function signCommand(
  identity: CommandSigner,
  chainId: Uint8Array,
  sequence: number,
  command: Command,
): Uint8Array {
  checkInteger('sequence', sequence, 1, MAX_SEQUENCE);
  const body = encode(bodySchema, { device: identity.device, sequence, command });
  const wire = encode(wireSchema, {
    body,
    signature: identity.signer.sign(COMMAND_DOMAIN, concatBytes(chainId, body)),
  });
  const read = readCommand(wire);
  if (read.ok) return wire;
  throw new MurmurError({
    code: 'LEDGER_COMMAND_INVALID',
    message: `the command ${command.kind} cannot be written: ${read.detail ?? read.reason}`,
    remedy: 'keep within the limits of the ledger (packages/ledger/src/limits.ts)',
    facts: { kind: command.kind, reason: read.reason },
  });
}

/**
 * The bytes of a command that was read before, from its parts. Exact, because `readCommand` takes no other
 * encoding of them.
 */
export function rebuildCommand(
  seal: { readonly device: DeviceId; readonly sequence: number; readonly signature: Uint8Array },
  command: Command,
): Uint8Array {
  const body = encode(bodySchema, { device: seal.device, sequence: seal.sequence, command });
  return encode(wireSchema, { body, signature: seal.signature });
}

/** Reads bytes that a peer chose: `too-large`, `malformed`, `wrong-shape`, `not-canonical`. */
export function readCommand(wire: Uint8Array): Result<SignedCommand, DecodeReason> {
  const outer = decodeCanonical(wireSchema, wire, { maxBytes: MAX_COMMAND_BYTES });
  if (!outer.ok) return outer;
  const { body, signature } = outer.value;
  const inner = decodeCanonical(bodySchema, body, { maxBytes: MAX_COMMAND_BYTES });
  if (!inner.ok) return inner;
  return accept({ ...inner.value, body, signature, wire, digest: sha3_256(wire) });
}

/** What any verifier needs to check a command. */
export interface CommandSignature {
  readonly domain: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** @param key the sender's operational key */
export function commandSignature(signed: SignedCommand, chainId: Uint8Array, key: Uint8Array): CommandSignature {
  const message = concatBytes(chainId, signed.body);
  return { domain: COMMAND_DOMAIN, message, signature: signed.signature, publicKey: key };
}

/** @param key the sender's operational key. @returns whether the command was signed with it for this chain */
export function verifyCommand(
  signed: SignedCommand,
  chainId: Uint8Array,
  key: Uint8Array,
  verify: typeof ed25519Verify = ed25519Verify,
): boolean {
  const { domain, message, signature, publicKey } = commandSignature(signed, chainId, key);
  return verify(domain, message, signature, publicKey);
}
