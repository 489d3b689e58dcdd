import { accept, type DeviceId, type Result, refuse } from '@murmuration/core';
import type { VerifiedCertificate } from '@murmuration/identity';
import type { CommitResult, CommitUpdate } from '../commands/command.ts';
import { readCommand, type SignedCommand, verifyCommand } from '../commands/signed-command.ts';
import type { EvidenceBundle } from './evidence-bundle.ts';

/** A statement of a bundle whose signature holds. */
export interface Said<C> {
  readonly device: DeviceId;
  readonly command: C;
}

export interface Testimony {
  readonly updates: readonly Said<CommitUpdate>[];
  readonly results: readonly Said<CommitResult>[];
}

/**
 * Reads the bundle's statements and checks each signature against the given certificates of its sender.
 * Refused: `bad-statement`, `stray-statement` (a command that is no evidence), `statement-not-signed`,
 * `stray-certificate` (one of the bundle's that nothing was signed under).
 */
export function readTestimony(bundle: EvidenceBundle, certificates: readonly VerifiedCertificate[]): Result<Testimony> {
  const updates: Said<CommitUpdate>[] = [];
  const results: Said<CommitResult>[] = [];
  const used = new Set<VerifiedCertificate>();
  for (const wire of bundle.statements) {
    const read = readCommand(wire);
    if (!read.ok) return refuse('bad-statement', read.reason);
    const certificate = certificates.find((candidate) => isSignedUnder(read.value, candidate, bundle.chainId));
    if (certificate === undefined) return refuse('statement-not-signed', read.value.device);
    used.add(certificate);
    const { device, command } = read.value;
    if (command.kind === 'commit-update') updates.push({ device, command });
    else if (command.kind === 'commit-result') results.push({ device, command });
    else return refuse('stray-statement', command.kind);
  }
  const own = certificates.slice(0, bundle.certificates.length);
  return own.every((certificate) => used.has(certificate)) ? accept({ updates, results }) : refuse('stray-certificate');
}

function isSignedUnder(signed: SignedCommand, certificate: VerifiedCertificate, chainId: Uint8Array): boolean {
  return certificate.device === signed.device && verifyCommand(signed, chainId, certificate.key);
}
