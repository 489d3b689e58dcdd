import { equalBytes } from '@murmuration/core';
import type { AggregateCertificate } from './certificates.ts';
import { persistRecord } from './journal.ts';
import type { Certified } from './messages.ts';
import { certifies, type State } from './state.ts';

/** The view of a certificate; below all views where there is none. */
export function rank(certificate: AggregateCertificate | null): number {
  return certificate?.view ?? -1;
}

/** Checks a certificate of votes at the open height, and locks on it where it is the highest. @returns whether it holds */
export function learn(state: State, certified: Certified, from: number): boolean {
  const { digest, certificate } = certified;
  const { lock, height } = state;
  const known = lock !== null && lock.certificate.view === certificate.view && equalBytes(lock.digest, digest);
  if (!known && !certifies(state, { phase: 'prepare', height, digest }, certificate, from)) return false;
  if (rank(certificate) <= rank(lock?.certificate ?? null)) return true;
  state.lock = certified;
  persistRecord(state);
  return true;
}
