import { accept, type Result, refuse, unreachable } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { checkValidity, type VerifiedCertificate } from '@murmuration/identity';
import { prepareAtomic, resolveDeal } from './clusters/atomic.ts';
import { followCluster, registerCluster } from './clusters/follow.ts';
import type { Command, RegisterDevice } from './commands/command.ts';
import { readCommand, type SignedCommand, verifyCommand } from './commands/signed-command.ts';
import { readRegistration, registerDevice, rotateKey } from './devices/register.ts';
import { checkSequence, emptyReplayWindow, type ReplayWindow, useSequence } from './devices/replay-window.ts';
import type { DeviceEntry } from './devices/schema.ts';
import { charged } from './fees/charge.ts';
import { openJob } from './learning/jobs.ts';
import { commitResult } from './learning/results.ts';
import { attestUpdates, commitUpdate } from './learning/updates.ts';
import { submitEvidence } from './quarantine/submit.ts';
import { type FirstReceipt, firstReceiptOf, type Receipt } from './receipt.ts';
import type { Refusal, RefusalReason } from './refusal.ts';
import { changeReplica } from './replicas/change-replica.ts';
import type { Sent, Turn } from './turn.ts';

/** Carries out one request of a block. Total: whatever the bytes, there is a receipt. */
export function applyRequest(turn: Turn, wire: Uint8Array): Receipt {
  const read = readCommand(wire);
  if (!read.ok) return receipt(sha3_256(wire), null, { refusal: read });
  return receipt(read.value.digest, read.value, carryOut(turn, read.value));
}

interface Outcome {
  readonly refusal: Refusal;
  readonly fee?: bigint;
  readonly first?: FirstReceipt;
}

function receipt(digest: Uint8Array, signed: SignedCommand | null, { refusal, fee, first }: Outcome): Receipt {
  const outcome = refusal === null ? 'applied' : refusal.reason === 'duplicate' ? 'duplicate' : 'refused';
  return {
    digest,
    device: signed?.device ?? null,
    kind: signed?.command.kind ?? null,
    sequence: signed?.sequence ?? null,
    outcome,
    reason: refusal?.reason ?? null,
    detail: refusal?.detail ?? null,
    fee: fee ?? 0n,
    first: first ?? null,
  };
}

function carryOut(turn: Turn, signed: SignedCommand): Outcome {
  const window = turn.state.replay.get(signed.device) ?? emptyReplayWindow;
  const standing = checkSequence(window, signed.sequence, signed.digest);
  // Before the signature: a replay costs a look-up.
  if (standing !== 'fresh') return repeated(window, signed, standing);
  const { command } = signed;
  const sender = turn.state.devices.get(signed.device);
  if (sender !== undefined) {
    if (command.kind === 'register-device') return { refusal: refuse('already-registered') };
    const admitted = admit(turn, signed, sender);
    if (!admitted.ok) return { refusal: admitted };
    const outcome = charged(turn, signed, () => perform(turn, { sender, signed, command }));
    useUp(turn, signed, outcome);
    return outcome;
  }
  if (command.kind !== 'register-device') return { refusal: refuse('unknown-device') };
  const certificate = admitNewcomer(turn, signed, command);
  if (!certificate.ok) return { refusal: certificate };
  const outcome = charged(turn, signed, () => registerDevice(turn, certificate.value, command));
  if (outcome.refusal === null) useUp(turn, signed, outcome);
  return outcome;
}

function repeated(window: ReplayWindow, signed: SignedCommand, standing: RefusalReason): Outcome {
  const used = window.recent.find(({ sequence }) => sequence === signed.sequence);
  const refusal = refuse(standing);
  return standing === 'duplicate' && used !== undefined ? { refusal, first: firstReceiptOf(used) } : { refusal };
}

/** The number of an admitted command is spent, whether or not the command has an effect. */
function useUp(turn: Turn, signed: SignedCommand, { refusal, fee }: { refusal: Refusal; fee: bigint }): void {
  const { device, sequence, digest } = signed;
  const window = turn.state.replay.get(device) ?? emptyReplayWindow;
  const usage = { height: turn.height, reason: refusal?.reason ?? null, fee };
  turn.state.replay.set(device, useSequence(window, sequence, digest, usage));
}

function admit(turn: Turn, signed: SignedCommand, sender: DeviceEntry): Result<void, RefusalReason> {
  if (!verifyCommand(signed, turn.chain.chainId, sender.key, turn.chain.verify)) return refuse('bad-signature');
  // Rotation is the way out of an expired certificate; the root key signed the new one.
  if (signed.command.kind === 'rotate-key') return accept(undefined);
  return checkTime(turn, sender);
}

function admitNewcomer(
  turn: Turn,
  signed: SignedCommand,
  command: RegisterDevice,
): Result<VerifiedCertificate, RefusalReason> {
  const certificate = readRegistration(signed, command);
  if (!certificate.ok) return certificate;
  if (!verifyCommand(signed, turn.chain.chainId, certificate.value.key, turn.chain.verify))
    return refuse('bad-signature');
  const valid = checkTime(turn, certificate.value);
  return valid.ok ? certificate : valid;
}

function checkTime(
  turn: Turn,
  certificate: Pick<DeviceEntry, 'notBeforeMs' | 'notAfterMs'>,
): Result<void, RefusalReason> {
  const valid = checkValidity(certificate, turn.nowMs);
  return valid.ok ? valid : refuse(`certificate-${valid.reason}`);
}

function perform(turn: Turn, sent: Sent<Exclude<Command, RegisterDevice>>): Refusal {
  const { command } = sent;
  switch (command.kind) {
    case 'rotate-key':
      return rotateKey(turn, { ...sent, command });
    case 'open-job':
      return openJob(turn, { ...sent, command });
    case 'commit-update':
      return commitUpdate(turn, { ...sent, command });
    case 'attest-updates':
      return attestUpdates(turn, { ...sent, command });
    case 'commit-result':
      return commitResult(turn, { ...sent, command });
    case 'submit-evidence':
      return submitEvidence(turn, { ...sent, command });
    case 'change-replica':
      return changeReplica(turn, { ...sent, command });
    case 'register-cluster':
      return registerCluster(turn, { ...sent, command });
    case 'follow-cluster':
      return followCluster(turn, { ...sent, command });
    case 'atomic-prepare':
      return prepareAtomic(turn, { ...sent, command });
    case 'atomic-resolve':
      return resolveDeal(turn, { ...sent, command });
    default:
      return unreachable(command);
  }
}
