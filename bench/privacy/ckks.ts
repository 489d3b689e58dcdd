import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { seededRandom } from '@murmuration/core';
import { applyMask, type Ckks, type CkksKeyPair, loadCkks } from '@murmuration/privacy';
import { initialize, type MainModule } from 'node-seal';
import type { Row } from '../rows.ts';
import type { Grown } from './ckks-memory.ts';
import { timed } from './secure-aggregation-world.ts';

const LENGTH = 100_000;
const DEGREE = 8192;
const SLOTS = DEGREE / 2;
const SCALE = 2 ** 45;
const CHUNKS = Math.ceil(LENGTH / SLOTS);
const PAIRS = 9;
const MASKS = 65;
const ENCRYPTIONS = 2000;
const MIB = 2 ** 20;

/** CKKS for a vector of 100,000 parameters, against the bare library and against masks. */
export async function ckksRows(): Promise<readonly Row[]> {
  const random = seededRandom('ckks');
  const values = Float64Array.from({ length: LENGTH }, () => 2 * random.unit() - 1);
  using ckks = (await loadCkks()).open('sum');
  using keys = ckks.createKeyPair();
  const bare = bareClient(await initialize(), values);
  const own = () => ckks.encryptToBytes(keys.publicKey, values, { bound: 1 });
  // Turn about, so that another load on the machine meets both.
  const turns = Array.from({ length: PAIRS + 2 }, () => ({ bare: timed(bare)[1], own: timed(own)[1] })).slice(2);
  const bareMs = median(turns.map((turn) => turn.bare));
  const ownMs = median(turns.map((turn) => turn.own));
  const ratio = median(turns.map((turn) => turn.own / turn.bare));
  const wire = own();
  const seeded = ckks.encryptToBytes(keys.secretKey, values, { bound: 1 });
  return [
    {
      what: `CKKS client, ${LENGTH} parameters: encode, encrypt, save, ${ownMs.toFixed(0)} ms`,
      value: ratio,
      unit: 'ratio',
      against: `bare node-seal doing the same, ${bareMs.toFixed(0)} ms, median of ${PAIRS} pairs`,
      bar: '≤ 1.2',
      holds: ratio <= 1.2,
    },
    {
      what: `CKKS upload, preset "sum" (under the secret key ${(seeded.length / LENGTH).toFixed(1)})`,
      value: wire.length / LENGTH,
      unit: 'B/parameter',
      against: 'a plain 32-bit upload, 4 B',
      bar: '≤ 34',
      holds: wire.length / LENGTH <= 34,
    },
    serverRow(ckks, keys, wire),
    ...(await memoryRows()),
    ...maskRows(ownMs, wire.length),
  ];
}

/** What the library alone takes for the same bytes. */
function bareClient(seal: MainModule, values: Float64Array): () => void {
  const parms = new seal.EncryptionParameters(seal.SchemeType.ckks);
  parms.setPolyModulusDegree(DEGREE);
  parms.setCoeffModulus(seal.CoeffModulus.Create(DEGREE, Int32Array.of(60, 60)));
  const context = new seal.SEALContext(parms, true, seal.SecLevelType.tc128);
  const encoder = new seal.CKKSEncoder(context);
  const encryptor = new seal.Encryptor(context, new seal.KeyGenerator(context).createPublicKey());
  return () => {
    const saved: Uint8Array[] = [];
    for (let i = 0; i < CHUNKS; i++) {
      const plain = new seal.Plaintext();
      const cipher = new seal.Ciphertext();
      encoder.encode(values.subarray(i * SLOTS, (i + 1) * SLOTS), SCALE, plain);
      encryptor.encrypt(plain, cipher);
      saved.push(cipher.saveToArray(seal.ComprModeType.none));
      cipher.delete();
      plain.delete();
    }
  };
}

function serverRow(ckks: Ckks<0>, keys: CkksKeyPair, wire: Uint8Array): Row {
  const expected = { keyId: keys.publicKey.keyId, length: LENGTH, level: 0, maxMagnitude: 1 } as const;
  let readMs = 0;
  let sum = ckks.encrypt(keys.publicKey, new Float64Array(LENGTH), { bound: 1 });
  const addMs: number[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const [read, ms] = timed(() => ckks.read(wire, expected));
    readMs += ms / PAIRS;
    if (!read.ok) throw new Error(`${read.reason}: ${read.detail}`);
    const [next, ms2] = timed(() => ckks.accumulate(sum, read.value));
    addMs.push(ms2);
    sum = next;
    read.value[Symbol.dispose]();
  }
  const bound = sum.errorBound;
  sum[Symbol.dispose]();
  return {
    what: `error bound of a sum of ${PAIRS + 1} clients (aggregator ${readMs.toFixed(0)} ms to read, ${median(addMs).toFixed(1)} ms to add one)`,
    value: bound,
    unit: 'absolute',
    against: 'numbers of at most 1',
    bar: '≤ 1e-7',
    holds: bound <= 1e-7,
  };
}

async function grown(mode: 'dispose' | 'collect' | 'forget'): Promise<Grown> {
  const child = fileURLToPath(new URL('./ckks-memory.ts', import.meta.url));
  const args = ['--conditions=murmuration-src', '--expose-gc', child, String(ENCRYPTIONS), '400', mode];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Grown;
}

/** Each in a process of its own; memory does not mind that they run at once. */
async function memoryRows(): Promise<Row[]> {
  const [kept, collected, forgotten] = await Promise.all([grown('dispose'), grown('collect'), grown('forget')]);
  const mib = (bytes: number) => (bytes / MIB).toFixed(1);
  const heap = kept.heap[0] + kept.heap[1];
  const resident = kept.resident[0] + kept.resident[1];
  const seesForgotten = forgotten.heap[1] > 100 * MIB && forgotten.resident[1] > 100 * MIB;
  return [
    {
      what: `CKKS, ${2 * ENCRYPTIONS} encryptions after 400: bytes by which the heap of WebAssembly was extended`,
      value: heap,
      unit: 'B',
      against: `vectors that are forgotten: ${mib(forgotten.heap[0] + forgotten.heap[1])} MiB`,
      bar: '= 0',
      holds: heap === 0 && seesForgotten,
    },
    {
      what: `CKKS, resident memory over the same ${2 * ENCRYPTIONS}, highest growth (over the second ${ENCRYPTIONS}: ${mib(kept.resident[1])})`,
      value: resident / MIB,
      unit: 'MiB',
      against: `${mib(kept.before)} MiB after 400; results left to the collector ${mib(collected.resident[0])}, then ${mib(collected.resident[1])}; vectors forgotten ${mib(forgotten.resident[0] + forgotten.resident[1])}`,
      bar: '≤ 8, the second half ≤ 2',
      holds: resident <= 8 * MIB && kept.resident[1] <= 2 * MIB && seesForgotten,
    },
  ];
}

/** The masks of 64 neighbours and of oneself, for the same vector as 32-bit integers. */
function maskRows(ckksMs: number, ckksBytes: number): Row[] {
  const words = new Int32Array(LENGTH);
  const seed = new Uint8Array(32).fill(9);
  const masks = () => {
    for (let i = 0; i < MASKS; i++) applyMask(words, seed, 1);
  };
  const maskMs = median(Array.from({ length: PAIRS + 2 }, () => timed(masks)[1]).slice(2));
  const faster = ckksMs / maskMs;
  const smaller = ckksBytes / (4 * LENGTH);
  return [
    {
      what: `${MASKS} masks of secure aggregation for the same vector: how much faster, ${maskMs.toFixed(1)} ms`,
      value: faster,
      unit: 'times',
      against: `CKKS, ${ckksMs.toFixed(0)} ms of processor time`,
      bar: '≥ 5',
      holds: faster >= 5,
    },
    {
      what: 'a masked vector: how much smaller',
      value: smaller,
      unit: 'times',
      against: `CKKS, ${ckksBytes} bytes`,
      bar: '≥ 8',
      holds: smaller >= 8,
    },
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
