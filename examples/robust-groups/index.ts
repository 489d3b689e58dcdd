/**
 * Thirty devices in groups of five that a beacon draws. Each group gives the sum of its updates and nothing else; two
 * devices poison theirs, and a robust rule over the six sums bears them where the plain mean does not.
 */
import { type DeviceId, deviceIdFromDigest, seededRandom, utf8 } from '@murmuration/core';
import { createSigner, sha3_256 } from '@murmuration/crypto';
import { combineGroups, type GroupSum, planGroups } from '@murmuration/learning';
import { systemEntropy } from '@murmuration/node';
import {
  type AggregationPlan,
  type AggregatorEffect,
  type ClientEffect,
  createAggregator,
  createMaskingClient,
  fromIntegers,
  roundToIntegers,
  tolerance,
} from '@murmuration/privacy';

const [DEVICES, GROUP_SIZE, LENGTH, SCALE, CLIP] = [30, 5, 200, 1e-4, 1];
const POISONERS = new Set([3, 17]);

const signers = new Map(
  Array.from({ length: DEVICES }, (_, i) => {
    const signer = createSigner(systemEntropy.bytes(32));
    return [deviceIdFromDigest(sha3_256(signer.publicKey)), { signer, poisons: POISONERS.has(i) }] as const;
  }),
);
const keyOf = (plan: AggregationPlan) => (member: number) =>
  signers.get(plan.members[member] as DeviceId)?.signer.publicKey;
const random = seededRandom('updates');
const honest = () =>
  Float64Array.from({ length: LENGTH }, (_, i) => 0.3 * Math.sin(i / 9) + 0.1 * (random.unit() - 0.5));
const poison = () => new Float64Array(LENGTH).fill(-CLIP);

/** One group, every message carried. Here the swarm commits to what the server says: see examples/secure-aggregation. */
function sumOf(plan: AggregationPlan): GroupSum {
  const server = createAggregator({ keyOf: keyOf(plan) }, plan);
  const clients = plan.members.map((device, member) => {
    const { signer, poisons } = signers.get(device) as { signer: ReturnType<typeof createSigner>; poisons: boolean };
    const { values } = roundToIntegers(poisons ? poison() : honest(), CLIP, SCALE);
    const deps = { signer, keyOf: keyOf(plan), isCommitted: () => true, entropy: systemEntropy };
    return createMaskingClient(deps, plan, member, values);
  });
  let result: GroupSum['result'] = null;
  const toServer = (from: number, effects: readonly ClientEffect[]): readonly AggregatorEffect[] =>
    effects.flatMap((effect) =>
      effect.kind === 'send' ? [...server.step({ kind: 'message', from, bytes: effect.bytes })] : [],
    );
  let queue = clients.flatMap((client, member) => [...toServer(member, client.step({ kind: 'start' }))]);
  while (queue.length > 0) {
    queue = queue.flatMap((effect) => {
      if (effect.kind === 'sum') result = effect.result;
      if (effect.kind === 'commit') return [...server.step({ kind: 'certified', certificate: new Uint8Array(0) })];
      if (effect.kind !== 'send') return [];
      const answer = clients[effect.to]?.step({ kind: 'message', bytes: effect.bytes }) ?? [];
      return [...toServer(effect.to, answer)];
    });
  }
  return { plan, result };
}

const row = tolerance(DEVICES, GROUP_SIZE);
console.log(`${DEVICES} devices in ${row.groups} groups of ${GROUP_SIZE}: training bears ${row.poisoners} poisoners`);
const devices = [...signers.keys()];
const options = { job: 'example', round: 1, seed: sha3_256(utf8('beacon of round 1')), length: LENGTH };
const plans = planGroups({ ...options, devices, groupSize: GROUP_SIZE, bound: CLIP / SCALE });
const groups = plans.map(sumOf);
for (const { plan, result } of groups) {
  const mean = fromIntegers(result?.sum ?? new Int32Array(0), SCALE / plan.members.length);
  const poisoned = plan.members.some((device) => signers.get(device)?.poisons);
  const norm = Math.hypot(...mean).toFixed(2);
  console.log(`  group ${plan.group}: norm of its mean ${norm}${poisoned ? '  ← a poisoner, whom nobody sees' : ''}`);
}

const truth = Float64Array.from({ length: LENGTH }, (_, i) => 0.3 * Math.sin(i / 9));
for (const [strategy, poisoners] of [
  ['mean', 0],
  ['median', 2],
  ['nnm-trimmed-mean', 2],
] as const) {
  const released = combineGroups(groups, { strategy, poisoners, scale: SCALE });
  if (!released.ok) throw new Error(released.reason);
  const error = Math.hypot(...truth.map((value, i) => value - (released.value.aggregate[i] as number)));
  console.log(`${strategy.padEnd(17)} is ${error.toFixed(2)} away from the honest mean`);
}
