import type { Signer } from '@murmuration/crypto';
import type { SendEffect } from '../engine.ts';
import { decodeMessage, encodeMessage, type Message, type MessageOf } from '../pbft/messages.ts';
import type { ReplicaSet } from '../quorum/replica-set.ts';
import { type Statement, signStatement } from '../quorum/statement.ts';

/**
 * A replica that runs the ordinary engine and lies in what it sends. Tests, simulations and demonstrations share
 * these; nothing turns one on by itself.
 */
export interface Liar {
  readonly name: string;
  /** One sentence for people. */
  readonly describe: string;
  /** @returns what leaves instead of `effect` */
  onSend(context: LiarContext, effect: SendEffect): readonly SendEffect[];
}

export interface LiarContext {
  readonly self: number;
  readonly n: number;
  readonly signer: Signer;
  /** The engine's last committed height and its view. */
  readonly height: number;
  readonly view: number;
  readonly replicaSet: ReplicaSet;
}

/** The replicas that an effect goes to. */
export function receivers({ self, n }: LiarContext, { to }: SendEffect): number[] {
  if (to !== 'all') return [to];
  return Array.from({ length: n }, (_, replica) => replica).filter((replica) => replica !== self);
}

/** The message of an effect of the own engine. */
export function messageOf({ bytes }: SendEffect): Message | undefined {
  const decoded = decodeMessage(bytes);
  return decoded.ok ? decoded.value : undefined;
}

export function sendTo(to: number | 'all', message: Message): SendEffect {
  return { kind: 'send', to, bytes: encodeMessage(message) };
}

export type Vote = MessageOf<'pre-prepare'> | MessageOf<'prepare'> | MessageOf<'commit'>;

export function isVote(message: Message): message is Vote {
  return message.kind === 'pre-prepare' || message.kind === 'prepare' || message.kind === 'commit';
}

/** Signs a statement that the engine would never sign. */
export function signLie({ signer, replicaSet }: LiarContext, statement: Statement): Uint8Array {
  return signStatement(signer, replicaSet.chainId, statement);
}

/** Other bytes of the same length, the same for the same input. */
export function distort(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => byte ^ (0x5a + (i & 15)));
}
