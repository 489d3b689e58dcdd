/**
 * Eight devices give a server the sum of their updates and nothing else. One drops out, one sends an update a thousand
 * times too large, and the sum of the others comes out exact but for the noise that they added together.
 */
import { randomBytes } from 'node:crypto';
import { type DeviceId, deviceIdFromDigest, utf8 } from '@murmuration/core';
import { createSigner, type Signer, sha3_256 } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type AggregationResult,
  type AggregatorEffect,
  atLeast,
  type ClientEffect,
  type Committee,
  committeeQuorum,
  createAggregator,
  createDiscreteGaussian,
  createMaskingClient,
  createPlan,
  createStatementCommitter,
  encodeStatementCertificate,
  fromIntegers,
  honestRefusalBound,
  honestSurvivors,
  largeVectorPassBound,
  roundToIntegers,
  tolerance,
  verifyStatementCertificate,
} from '@murmuration/privacy';

const NAMES = ['ada', 'ben', 'cleo', 'dan', 'eve', 'fay', 'gus', 'hal'];
const DROPOUT = 'dan';
const POISONER = 'gus';
const LENGTH = 1000;
const CLIP = 1;
const SCALE = 0.01;
const NOISE_SIGMA = 20;
const NORM = { bound: 5500, projections: 16 };
/** L2 norm of an honest vector with its noise, in integers: 1,000 numbers of at most 30 each, less than this. */
const HONEST_NORM = 950;

const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const noise = (variance: number) => createDiscreteGaussian(entropy, atLeast(variance));

// Everyone has an identity key; four replicas of the swarm commit to what the server says of the survivors.
const signers = new Map<DeviceId, { readonly name: string; readonly signer: Signer }>();
for (const name of NAMES) {
  const signer = createSigner(entropy.bytes(32));
  signers.set(deviceIdFromDigest(sha3_256(signer.publicKey)), { name, signer });
}
const replicas = Array.from({ length: 4 }, () => createSigner(entropy.bytes(32)));
const committee: Committee = {
  chainId: sha3_256(utf8('example')),
  epoch: 0,
  keys: replicas.map(({ publicKey }) => publicKey),
};

const plan = createPlan({
  ...{ job: 'example', round: 1, group: 0, members: [...signers.keys()], seed: sha3_256(utf8('beacon of round 1')) },
  ...{ length: LENGTH, bound: CLIP / SCALE, noiseVariance: NOISE_SIGMA ** 2, norm: NORM },
});
const nameOf = (member: number) => signers.get(plan.members[member] as DeviceId)?.name ?? '?';
const names = (members: Iterable<number>) => [...members].map(nameOf).sort().join(', ');
const keyOf = (member: number) => signers.get(plan.members[member] as DeviceId)?.signer.publicKey;
const committers = replicas.map((signer) =>
  createStatementCommitter({ committee, signer, keyOf: (_, member) => keyOf(member) }),
);

describePlan(plan);
const updates = plan.members.map((_, member) => updateOf(nameOf(member)));
const clients = plan.members.map((device, member) => {
  const { values, saturated } = roundToIntegers(updates[member] as Float64Array, honestClip(member), SCALE);
  if (saturated > 0) console.log(`${nameOf(member)}: ${saturated} numbers cut to ±${CLIP}`);
  const { signer } = signers.get(device) as { readonly signer: Signer };
  const isCommitted = (statement: Uint8Array, certificate: Uint8Array) =>
    verifyStatementCertificate(committee, statement, certificate).ok;
  // The poisoner's client is its own: it does not cut, and proves what it can for a bound that it chose.
  const believed = nameOf(member) === POISONER ? { ...plan, bound: 2 ** 30, norm: { ...NORM, bound: 2 ** 28 } } : plan;
  return createMaskingClient({ signer, keyOf, isCommitted, entropy, noise }, believed, member, values);
});
report(runProtocol());

function describePlan({ threshold, minSurvivors, members }: AggregationPlan): void {
  const { dropouts } = tolerance(members.length, members.length);
  console.log(`plan: ${members.length} members, ${threshold} shares give a secret, up to ${dropouts} may drop out`);
  console.log(
    `noise: sigma ${NOISE_SIGMA} in the sum, each adds a share for ${honestSurvivors({ minSurvivors, colluders: 0 })} honest survivors`,
  );
  const refused = honestRefusalBound(NORM.projections, (Math.SQRT2 * NORM.bound) / HONEST_NORM);
  const passes = largeVectorPassBound(NORM.projections, 1000 / Math.SQRT2);
  console.log(
    `norm: an honest update is refused with probability ≤ ${refused.toExponential(0)}, one of 1000 bounds passes with ≤ ${passes.toExponential(0)}\n`,
  );
}

function updateOf(name: string): Float64Array {
  const size = name === POISONER ? 1000 : 0.3;
  const start = NAMES.indexOf(name);
  return Float64Array.from({ length: LENGTH }, (_, i) => size * Math.sin(start + i / 50));
}

function honestClip(member: number): number {
  return nameOf(member) === POISONER ? 10 * 1000 : CLIP;
}

/** Carries every message; who is silent when nothing is left to carry has dropped out. */
function runProtocol(): AggregationResult | undefined {
  const server = createAggregator({ keyOf, entropy }, plan);
  let result: AggregationResult | undefined;
  const fromClient = (member: number, effects: readonly ClientEffect[]): readonly AggregatorEffect[] =>
    effects.flatMap((effect) => {
      if (effect.kind === 'refused') console.log(`${nameOf(member)} refuses: ${effect.reason}`);
      if (effect.kind !== 'send') return [];
      // Gone after its shares were handed out: before its vector leaves.
      if (nameOf(member) === DROPOUT && server.phase === 'masked') return [];
      return server.step({ kind: 'message', from: member, bytes: effect.bytes });
    });
  const carry = (effect: AggregatorEffect): readonly AggregatorEffect[] => {
    switch (effect.kind) {
      case 'phase':
        console.log(`server: ${effect.phase}${effect.waitingFor > 0 ? `, waits for ${effect.waitingFor}` : ''}`);
        return [];
      case 'send':
        return fromClient(effect.to, clients[effect.to]?.step({ kind: 'message', bytes: effect.bytes }) ?? []);
      case 'refused':
        console.log(`server: refuses what ${nameOf(effect.from)} sent: ${effect.reason}`);
        return [];
      case 'commit':
        return server.step({ kind: 'certified', certificate: certify(effect.statement) });
      case 'void':
        console.log(`server: void, ${effect.reason} (${effect.detail})`);
        return [];
      case 'sum':
        result = effect.result;
        return [];
    }
  };
  let queue = clients.flatMap((client, member) => [...fromClient(member, client.step({ kind: 'start' }))]);
  while (server.phase !== 'done' && server.phase !== 'void') {
    while (queue.length > 0) queue = queue.flatMap((effect) => [...carry(effect)]);
    queue = [...server.step({ kind: 'deadline' })];
  }
  for (const effect of queue) carry(effect);
  return result;
}

/** Three of four replicas are a quorum; each signs one statement of a plan, whatever it is asked later. */
function certify(statement: Uint8Array): Uint8Array {
  const signatures = committers.slice(0, committeeQuorum(committee)).flatMap((committer, replica) => {
    const signed = committer.sign(plan, statement);
    return signed.ok ? [{ replica, signature: signed.value.signature }] : [];
  });
  return encodeStatementCertificate(signatures);
}

function report(result: AggregationResult | undefined): void {
  if (result === undefined) {
    process.exitCode = 1;
    return;
  }
  const sum = fromIntegers(result.sum, SCALE);
  const wanted = Float64Array.from({ length: LENGTH }, (_, i) =>
    result.survivors.reduce((total, member) => total + (updates[member]?.[i] as number), 0),
  );
  const squares = sum.reduce((total, value, i) => total + (value - (wanted[i] as number)) ** 2, 0);
  const silent = [...plan.members.keys()].filter(
    (member) => !result.survivors.includes(member) && !result.unproven.includes(member),
  );
  console.log(`\nin the sum: ${names(result.survivors)}`);
  console.log(`dropped out: ${names(silent)}; refused as too large: ${names(result.unproven)}`);
  console.log(`numbers out of range: ${result.outOfRange}`);
  const rms = Math.sqrt(squares / LENGTH) / SCALE;
  console.log(
    `the released sum differs from the plain one by ${rms.toFixed(1)} steps of ${SCALE}, at least ${NOISE_SIGMA} were asked for`,
  );
}
