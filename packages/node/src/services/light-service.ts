import {
  accept,
  bytesUpTo,
  decode,
  encode,
  type Infer,
  list,
  type Result,
  refuse,
  type Schema,
  struct,
  text,
  uint,
  union,
} from '@murmuration/core';
import { encodeGenesis, encodeStateAnswer, type Ledger, MAX_ANSWER_BYTES } from '@murmuration/ledger';
import type { LightQuestion } from '../views/light.ts';
import { checkpointSchema, readCheckpoints } from './checkpoint-store.ts';
import type { ServiceDeps } from './deps.ts';
import { readHead, restoreSnapshot } from './snapshot-store.ts';

/** Where a device answers light clients, which may be anybody. */
export const LIGHT_TOPIC = 'light';
/** A checkpoint takes about 10 KiB with 100 replicas. */
const MAX_CHECKPOINTS = 16;

const questionSchema: Schema<LightQuestion> = union({
  1: ['checkpoints', struct({ epoch: uint, height: uint })],
  2: ['state', struct({ height: uint, key: text(256) })],
  3: ['genesis', struct({})],
});
export const checkpointsSchema = list(checkpointSchema, MAX_CHECKPOINTS);
const stateSchema = bytesUpTo(MAX_ANSWER_BYTES);

export function encodeLightQuestion(question: LightQuestion): Uint8Array {
  return encode(questionSchema, question);
}

/** The answer to `checkpoints`. */
export function encodeCheckpoints(checkpoints: Infer<typeof checkpointsSchema>): Uint8Array {
  return encode(checkpointsSchema, checkpoints);
}

/** What the answer to `checkpoints` holds: to be believed only through a light client. */
export function decodeCheckpoints(wire: Uint8Array): Result<Infer<typeof checkpointsSchema>> {
  return decode(checkpointsSchema, wire);
}

/** The answer to `state`. @param answer an encoded `StateAnswer` */
export function encodeLightState(answer: Uint8Array): Uint8Array {
  return encode(stateSchema, answer);
}

/** The encoded `StateAnswer` in the answer to `state`. */
export function decodeLightState(wire: Uint8Array): Result<Uint8Array> {
  return decode(stateSchema, wire);
}

/** Hands out checkpoints and proofs. Costs one restored state, made when it is first asked for. */
export class LightService {
  private readonly deps: Pick<ServiceDeps, 'port' | 'store' | 'genesis' | 'fees'>;
  private state: Promise<Ledger | undefined> | undefined;
  private stateHeight = 0;

  constructor(deps: Pick<ServiceDeps, 'port' | 'store' | 'genesis' | 'fees'>) {
    this.deps = deps;
    deps.port.onRequest(LIGHT_TOPIC, (_from, request) => this.serve(request));
  }

  private async serve(request: Uint8Array): Promise<Result<Uint8Array>> {
    const question = decode(questionSchema, request, { maxBytes: 1024 });
    return question.ok ? this.ask(question.value) : question;
  }

  /** @returns refused as `not-found` where the state at that height is not at hand, and as `too-large` */
  async ask(question: LightQuestion): Promise<Result<Uint8Array>> {
    if (question.kind === 'genesis') return accept(encodeGenesis(this.deps.genesis));
    if (question.kind === 'state') return this.answer(question.height, question.key);
    const { epoch, height } = question;
    const known = await readCheckpoints(this.deps.store);
    const wanted = known.filter((one) => one.epoch >= epoch && one.height > height);
    return accept(encodeCheckpoints(wanted.slice(0, MAX_CHECKPOINTS)));
  }

  private async answer(height: number, key: string): Promise<Result<Uint8Array>> {
    const head = await readHead(this.deps.store);
    if (head?.name.height !== height) return refuse('not-found');
    if (this.stateHeight !== height) {
      const { store, genesis, fees } = this.deps;
      this.stateHeight = height;
      this.state = restoreSnapshot(store, genesis, fees === undefined ? {} : { fees });
    }
    const ledger = await this.state;
    if (ledger?.height !== height) return refuse('not-found');
    const answer = encodeStateAnswer(ledger.answer(key));
    return answer.length > MAX_ANSWER_BYTES ? refuse('too-large') : accept(encodeLightState(answer));
  }
}
