import { seededRandom } from '@murmuration/core';
import { aesCtrStream, createSigner, ed25519Verify } from '@murmuration/crypto';
import { applyMasks, type SeededMask } from '@murmuration/privacy';
import type { Row } from '../rows.ts';
import { runApart, startPart } from './apart.ts';
import { subsetsRow } from './secure-aggregation-dropouts.ts';
import { normRows } from './secure-aggregation-norm.ts';
import { measureRound, type RoundOptions, timed } from './secure-aggregation-world.ts';

const LENGTH = 100_000;
const PLAIN_BYTES = 4 * LENGTH;
const BOUND = 2 ** 19;
const REPETITIONS = 15;
const RANDOM_PATTERNS = 1000;
/** A device keeps its process from round to round; the compiler is done after about twenty. */
const WARM_ROUNDS = 20;
const CLIENT_ROUNDS = 15;

const nobody = () => false;

/** Secure aggregation against what must be sent and expanded anyway: a plain vector, bare keystream. */
export async function secureAggregationRows(): Promise<readonly Row[]> {
  const costs = [keystreamRow(), ...(await neighbourRows()), groupRow(), await serverRow()];
  return [...costs, subsetsRow(), patternsRow(), ...normRows()];
}

function keystreamRow(): Row {
  const words = new Int32Array(LENGTH);
  const masks = masksOf(65);
  const counter = new Uint8Array(16);
  const bare = () => {
    for (const { seed } of masks) {
      const next = aesCtrStream(seed, counter);
      for (let at = 0; at < PLAIN_BYTES; at += 2 ** 17) next(Math.min(2 ** 17, PLAIN_BYTES - at)).buffer.transfer(0);
    }
  };
  const fused = () => applyMasks(words, masks);
  for (let i = 0; i < 3; i++) fused();
  // Turn about, so that another load on the machine meets both.
  const pairs = Array.from({ length: REPETITIONS }, () => ({ bare: timed(bare)[1], fused: timed(fused)[1] }));
  const gigabytes = (ms: number) => (masks.length * PLAIN_BYTES) / ms / 1e6;
  const ratio = median(pairs.map((pair) => pair.bare / pair.fused));
  const limit = median(pairs.map((pair) => pair.bare));
  return {
    what: `masking, keystream and addition fused, ${gigabytes(median(pairs.map((pair) => pair.fused))).toFixed(2)} GB/s`,
    value: ratio,
    unit: 'ratio',
    against: `AES-256-CTR keystream alone, ${gigabytes(limit).toFixed(2)} GB/s, median of ${REPETITIONS} pairs`,
    bar: '≥ 0.40',
    holds: ratio >= 0.4,
  };
}

async function neighbourRows(): Promise<readonly Row[]> {
  const options = { size: 65, length: LENGTH, bound: BOUND, inputOf: inputs(LENGTH), lost: nobody };
  const words = new Int32Array(LENGTH);
  const signed = await clientCpuMs({ ...options, roster: 'signed' });
  const committed = await clientCpuMs({ ...options, roster: 'committed' });
  const { clients, plan } = measureRound({ ...options, round: 1 });
  const sent = Math.max(...clients.map((client) => client.sent)) / PLAIN_BYTES;
  const received = Math.max(...clients.map((client) => client.received)) / PLAIN_BYTES;
  const alone = masksOf(plan.degree + 1);
  const masks = median(Array.from({ length: REPETITIONS }, () => timed(() => applyMasks(words, alone))[1]));
  const signatures = median(Array.from({ length: REPETITIONS }, () => timed(() => checkSignatures(plan.degree))[1]));
  const client = `client, a process of its own, ${LENGTH} parameters, k = ${plan.degree}, hybrid keys`;
  return [
    {
      what: `${client}, committed roster: processor time after ${WARM_ROUNDS} rounds, median of ${CLIENT_ROUNDS}`,
      value: committed.warm,
      unit: 'ms',
      against: `its ${plan.degree + 1} masks alone, ${masks.toFixed(1)} ms (the first round of its process: ${committed.first.toFixed(0)} ms)`,
      bar: '≤ 25',
      holds: committed.warm <= 25,
    },
    {
      what: `the same, where it checks the signature of each of its ${plan.degree} neighbours itself (first round ${signed.first.toFixed(0)} ms)`,
      value: signed.warm,
      unit: 'ms',
      against: `those ${plan.degree} signatures alone, ${signatures.toFixed(1)} ms`,
      bar: '≤ 25',
      holds: signed.warm <= 25,
    },
    {
      what: `client upload, k = ${plan.degree}, all messages (download ${received.toFixed(2)})`,
      value: sent,
      unit: 'ratio',
      against: `a plain 32-bit upload of ${PLAIN_BYTES} bytes`,
      bar: '≤ 1.25',
      holds: sent <= 1.25,
    },
  ];
}

/** Whole plans one after the other, the first ones to compile; of each, all steps of one client together. */
async function clientCpuMs(options: Omit<RoundOptions, 'round'>): Promise<{ first: number; warm: number }> {
  const part = startPart();
  const rounds: number[] = [];
  for (let round = 0; round < WARM_ROUNDS + CLIENT_ROUNDS; round++) {
    await runApart({ ...options, round }, part, 'client');
    rounds.push(part.cpuMs.reduce((sum, ms) => sum + ms, 0));
  }
  await part.close();
  return { first: rounds[0] as number, warm: median(rounds.slice(WARM_ROUNDS)) };
}

function groupRow(): Row {
  const options = { size: 8, length: LENGTH, bound: BOUND, inputOf: inputs(LENGTH), lost: nobody };
  const { clients } = measureRound({ ...options, round: 2 });
  const sent = Math.max(...clients.map((client) => client.sent)) / PLAIN_BYTES;
  const received = Math.max(...clients.map((client) => client.received)) / PLAIN_BYTES;
  const cpuMs = median(clients.map((client) => client.cpuMs));
  return {
    what: `client upload in groups of 8, all messages (download ${received.toFixed(3)}, client ${cpuMs.toFixed(1)} ms)`,
    value: sent,
    unit: 'ratio',
    against: `a plain 32-bit upload of ${PLAIN_BYTES} bytes`,
    bar: '≤ 1.05',
    holds: sent <= 1.05,
  };
}

async function serverRow(): Promise<Row> {
  const size = 1000;
  const input = inputs(LENGTH)(0);
  const lost = (member: number) => member % 10 === 0;
  const part = startPart();
  const { result, plan } = await runApart(
    { size, round: 3, length: LENGTH, bound: BOUND, inputOf: () => input, lost },
    part,
    'server',
  );
  const serverMs = part.cpuMs.reduce((sum, ms) => sum + ms, 0);
  const releaseMs = part.cpuMs.at(-1) as number;
  await part.close();
  const exact = result?.sum.every((value, i) => value === 900 * (input[i] as number)) ?? false;
  return {
    what: `server, a process of its own, ${size} clients, k = ${plan.degree}, 10 % dropouts, ${LENGTH} parameters: processor time of all steps, sum ${exact ? 'exact' : 'WRONG'}`,
    value: serverMs / 1000,
    unit: 's',
    against: `its release alone, ${(releaseMs / 1000).toFixed(2)} s`,
    bar: '≤ 4',
    holds: exact && serverMs <= 4000,
  };
}

/** Signatures are left out here: they change no sum and would take most of the time. */
function patternsRow(): Row {
  const random = seededRandom('dropout patterns');
  const options: Omit<RoundOptions, 'round' | 'lost'> = {
    size: 100,
    degree: 6,
    length: 8,
    bound: BOUND,
    verify: () => true,
    inputOf: inputs(8),
    minSurvivors: 50,
  };
  let exact = 0;
  let released = 0;
  for (let round = 0; round < RANDOM_PATTERNS; round++) {
    const lost = new Set(Array.from({ length: 1 + random.below(8) }, () => random.below(100)));
    const { result } = tryRound({ ...options, round, lost: (member) => lost.has(member) });
    if (result === undefined) continue;
    released++;
    const wanted = new Int32Array(8);
    for (let member = 0; member < 100; member++) {
      if (!lost.has(member))
        for (const [i, value] of options.inputOf(member).entries()) wanted[i] = (wanted[i] as number) + value;
    }
    if (result.sum.every((value, i) => value === wanted[i])) exact++;
  }
  return {
    what: `random dropout subsets at n = 100, k = 6, with an exact sum (${RANDOM_PATTERNS - released} left a neighbourhood below its threshold and released nothing)`,
    value: exact,
    unit: 'sums',
    against: `the plain sum, ${released} released`,
    bar: `all of ${released}`,
    holds: exact === released && released >= RANDOM_PATTERNS * 0.9,
  };
}

function tryRound(options: RoundOptions): { result: ReturnType<typeof measureRound>['result'] } {
  try {
    return measureRound(options);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('void: too-few-survivors')) return { result: undefined };
    throw error;
  }
}

function inputs(length: number): (member: number) => Int32Array {
  const drawn = new Map<number, Int32Array>();
  return (member) => {
    const known = drawn.get(member);
    if (known !== undefined) return known;
    const random = seededRandom(`input ${member}`);
    const input = Int32Array.from({ length }, () => random.below(2 * BOUND) - BOUND);
    drawn.set(member, input);
    return input;
  };
}

/** As in the vector of a client in the middle: half of its masks added, half taken away. */
function checkSignatures(count: number): void {
  const signer = createSigner(new Uint8Array(32).fill(3));
  const message = new Uint8Array(1300);
  const signature = signer.sign('murmur/bench/1', message);
  for (let i = 0; i < count; i++) ed25519Verify('murmur/bench/1', message, signature, signer.publicKey);
}

function masksOf(count: number): SeededMask[] {
  return Array.from({ length: count }, (_, i) => ({ seed: new Uint8Array(32).fill(i), sign: i % 2 === 0 ? 1 : -1 }));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
