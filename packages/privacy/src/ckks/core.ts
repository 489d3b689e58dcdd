import { assert, MurmurError } from '@murmuration/core';
import type { CKKSEncoder, Evaluator, MainModule, ParmsIdType, Plaintext, SEALContext } from 'node-seal';
import type { Heap } from './heap.ts';
import { Native, native } from './native.ts';
import { type CkksParameters, checkParameters } from './parameters.ts';
import { type PrecisionModel, precisionModel } from './precision.ts';

/** One link of the chain. */
export interface LevelInfo {
  readonly id: Native<ParmsIdType>;
  /** Every ciphertext of this level has exactly this scale, so that any two can be added. */
  readonly scale: number;
  /** The prime that a product drops. */
  readonly prime: number;
  /** Numbers of at least this size wrap around. */
  readonly maxMagnitude: number;
}

/** What every operation works with: one set of parameters in one instance of SEAL. */
export class CkksCore implements Disposable {
  readonly seal: MainModule;
  readonly parameters: CkksParameters;
  /** Of the instance, which other parameters may share. */
  readonly heap: Heap;
  /** What one ciphertext takes at most: two polynomials, or the three that a product had. */
  readonly chunkBytes: number;
  /** Numbers in one ciphertext. */
  readonly slots: number;
  readonly levels: readonly LevelInfo[];
  readonly model: PrecisionModel;
  readonly context: Native<SEALContext>;
  readonly encoder: Native<CKKSEncoder>;
  readonly evaluator: Native<Evaluator>;

  constructor(seal: MainModule, parameters: CkksParameters, heap: Heap) {
    checkParameters(parameters);
    const { degree, chain } = parameters;
    this.heap = heap;
    this.chunkBytes = 8 * degree * (chain.length - 1) * (chain.length > 2 ? 3 : 2);
    this.seal = seal;
    this.parameters = parameters;
    this.slots = degree / 2;
    this.model = precisionModel(parameters);
    const context = native(seal, 'set up parameters', () => sealContext(seal, parameters));
    this.context = new Native('the CKKS context', context);
    this.encoder = new Native('the CKKS encoder', new seal.CKKSEncoder(context));
    this.evaluator = new Native('the CKKS evaluator', new seal.Evaluator(context));
    this.levels = levelsOf(context, parameters);
  }

  get top(): number {
    return this.levels.length - 1;
  }

  level(level: number): LevelInfo {
    const info = this.levels[level];
    assert(info !== undefined, 'a level of this chain');
    return info;
  }

  /** The numbers from `from` on, zeros behind them, as a plaintext of `level`. The caller disposes it. */
  encode(values: Float64Array, level: number): Plaintext {
    const { scale, id } = this.level(level);
    const plain = new this.seal.Plaintext();
    this.encoder.handle.encode(values, scale, plain);
    if (level < this.top) this.evaluator.handle.plainModSwitchToInplace(plain, id.handle);
    return plain;
  }

  [Symbol.dispose](): void {
    for (const { id } of this.levels) id[Symbol.dispose]();
    this.evaluator[Symbol.dispose]();
    this.encoder[Symbol.dispose]();
    this.context[Symbol.dispose]();
  }
}

function sealContext(seal: MainModule, { degree, chain }: CkksParameters): SEALContext {
  using parms = new seal.EncryptionParameters(seal.SchemeType.ckks);
  parms.setPolyModulusDegree(degree);
  using primes = seal.CoeffModulus.Create(degree, Int32Array.from(chain));
  parms.setCoeffModulus(primes);
  // SEAL checks the same table once more.
  const context = new seal.SEALContext(parms, true, seal.SecLevelType.tc128);
  if (context.parametersSet()) return context;
  context.delete();
  throw new MurmurError({
    code: 'PRIVACY_CKKS_PARAMETERS',
    message: `SEAL takes no chain of ${chain.join(', ')} bits at degree ${degree}`,
    remedy: 'use a preset',
  });
}

/** From the base up: scales follow the primes exactly, S(l-1) = S(l)²/q(l), as a product and its rescaling give them. */
function levelsOf(context: SEALContext, { scaleBits }: CkksParameters): LevelInfo[] {
  const levels: LevelInfo[] = [];
  let scale = 2 ** scaleBits;
  let data = context.firstContextData();
  for (;;) {
    const level = data.chainIndex();
    const primes = primesOf(data);
    const prime = primes[level] as number;
    const modulus = primes.reduce((product, q) => product * q, 1);
    // One bit of room for the error, which is far smaller.
    levels.unshift({ id: new Native('a level', data.parmsId()), scale, prime, maxMagnitude: modulus / scale / 4 });
    if (level === 0) break;
    scale = (scale * scale) / prime;
    const next = data.nextContextData();
    data.delete();
    data = next;
  }
  data.delete();
  return levels;
}

function primesOf(data: ReturnType<SEALContext['firstContextData']>): number[] {
  using parms = data.parms();
  using moduli = parms.coeffModulus();
  return Array.from({ length: moduli.size() }, (_, i) => {
    using modulus = moduli.get(i);
    return Number(modulus?.value());
  });
}
