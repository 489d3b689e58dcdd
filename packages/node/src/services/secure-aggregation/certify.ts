import { accept, type DeviceId, encode, type Result, refuse } from '@murmuration/core';
import type { ed25519Verify } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type Committee,
  committeeQuorum,
  encodeStatementCertificate,
  type SignedKey,
  type StatementSignature,
  verifyStatementSignature,
} from '@murmuration/privacy';
import { commitRequestSchema } from './commit-service.ts';
import { Courier, type CourierDeps, type CourierOptions } from './courier.ts';
import { COMMIT_TOPIC } from './topics.ts';

export interface CertifierOptions extends CourierOptions {
  /** The committee's devices, by replica number. */
  readonly replicas: readonly DeviceId[];
  readonly verify?: typeof ed25519Verify;
}

export type Certify = (
  plan: AggregationPlan,
  statement: Uint8Array,
  keys: readonly SignedKey[] | undefined,
  signal: AbortSignal,
) => Promise<Result<Uint8Array>>;

/**
 * Asks all replicas for their signatures and gives the certificate as soon as a quorum has signed. What does not verify
 * is not counted. @returns `no-quorum` where too many replicas refuse, else it waits until `signal` aborts
 */
export function createCertifier(deps: CourierDeps, committee: Committee, options: CertifierOptions): Certify {
  const courier = new Courier(deps, COMMIT_TOPIC, undefined, options);
  const { replicas, verify } = options;
  return async (plan, statement, keys, signal) => {
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    const request = encode(commitRequestSchema, { statement, keys: keys?.map((key) => ({ ...key })) ?? [] });
    const signatures: StatementSignature[] = [];
    const ask = async (device: DeviceId, replica: number): Promise<void> => {
      const answer = await courier.send(device, plan.digest, keys === undefined ? 1 : 0, request, stop);
      if (!answer.ok) return;
      const signature = { replica, signature: answer.value };
      if (!verifyStatementSignature(committee, statement, signature, verify)) {
        deps.metrics.count('secagg_refused', { topic: COMMIT_TOPIC, reason: 'bad-signature' });
        return;
      }
      signatures.push(signature);
      if (signatures.length >= committeeQuorum(committee)) done.abort();
    };
    await Promise.all(replicas.map(ask));
    if (signatures.length < committeeQuorum(committee)) return refuse(signal.aborted ? 'cancelled' : 'no-quorum');
    return accept(encodeStatementCertificate(signatures));
  };
}
