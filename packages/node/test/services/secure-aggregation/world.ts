import {
  type Clock,
  type DeviceId,
  equalBytes,
  type MessagePort,
  memoryStore,
  seededRandom,
  silentLog,
  utf8,
} from '@murmuration/core';
import { createSigner, type Signer, sha3_256 } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type Committee,
  createPlan,
  type PlanOptions,
  verifyStatementCertificate,
} from '@murmuration/privacy';
import { type Counters, counters } from '../../../../comm/test/world.ts';
import {
  AggregationService,
  type AggregationServiceOptions,
} from '../../../src/services/secure-aggregation/aggregation-service.ts';
import { createCertifier } from '../../../src/services/secure-aggregation/certify.ts';
import { CommitService } from '../../../src/services/secure-aggregation/commit-service.ts';
import type { CourierDeps, CourierOptions } from '../../../src/services/secure-aggregation/courier.ts';
import {
  MaskingService,
  type MaskingServiceDeps,
  type MaskingServiceOptions,
} from '../../../src/services/secure-aggregation/masking-service.ts';

/** One device of a test: its port and time, and the key that the swarm knows it by. */
export interface Seat {
  readonly port: MessagePort;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly metrics: Counters;
}

export function seatOf(port: MessagePort, clock: Clock): Seat {
  return { port, clock, signer: signerOf(port.self), metrics: counters() };
}

/** A pure function of the device, remembered. */
const signers = new Map<DeviceId, Signer>();

function signerOf(device: DeviceId): Signer {
  const signer = signers.get(device) ?? createSigner(sha3_256(utf8(`key of ${device}`)));
  signers.set(device, signer);
  return signer;
}

export function keyOfDevice(device: DeviceId): Uint8Array {
  return signerOf(device).publicKey;
}

export const keyOf = (plan: AggregationPlan, member: number) => keyOfDevice(plan.members[member] as DeviceId);

export function planFor(members: readonly DeviceId[], options: Partial<PlanOptions> = {}): AggregationPlan {
  const defaults = { job: 'job', round: 1, group: 0, seed: sha3_256(utf8('beacon')), length: 10_000, bound: 1000 };
  return createPlan({ ...defaults, members, ...options });
}

export function inputFor(plan: AggregationPlan, device: DeviceId): Int32Array {
  const random = seededRandom(`input ${device}`);
  return Int32Array.from({ length: plan.length }, () => random.below(2 * plan.bound + 1) - plan.bound);
}

/** The survivors' vectors, added in plain integers. */
export function plainSum(plan: AggregationPlan, survivors: readonly number[]): Int32Array {
  const sum = new Int32Array(plan.length);
  for (const member of survivors) {
    const input = inputFor(plan, plan.members[member] as DeviceId);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (input[i] as number);
  }
  return sum;
}

/** The replicas that commit to statements, for the plans that they know. */
export async function openCommittee(
  seats: readonly Seat[],
  plans: readonly AggregationPlan[],
  options: CourierOptions = {},
): Promise<Committee> {
  const committee = { chainId: sha3_256(utf8('chain')), epoch: 0, keys: seats.map(({ signer }) => signer.publicKey) };
  const planOf = (digest: Uint8Array) => plans.find((plan) => equalBytes(plan.digest, digest));
  for (const { port, clock, signer, metrics } of seats) {
    await CommitService.open({ port, clock, metrics, store: memoryStore(), committee, signer, keyOf, planOf }, options);
  }
  return committee;
}

export function serverAt(
  seat: Seat,
  committee: Committee,
  replicas: readonly DeviceId[],
  options: AggregationServiceOptions = {},
): AggregationService {
  const deps: CourierDeps = seat;
  const certify = createCertifier(deps, committee, { ...options, replicas });
  return new AggregationService({ ...deps, log: silentLog, keyOf, certify }, options);
}

export function memberAt(
  seat: Seat,
  committee: Committee,
  options: MaskingServiceOptions = {},
  deps: Partial<MaskingServiceDeps> = {},
): MaskingService {
  const random = seededRandom(`entropy ${seat.port.self}`);
  const entropy = { bytes: (length: number) => Uint8Array.from({ length }, () => random.uint32() & 255) };
  const isCommitted = (statement: Uint8Array, certificate: Uint8Array) =>
    verifyStatementCertificate(committee, statement, certificate).ok;
  return new MaskingService({ ...seat, log: silentLog, keyOf, entropy, isCommitted, ...deps }, options);
}
