import { decodeMessage } from '../../../src/pbft/messages.ts';
import { Lockstep } from '../../cluster/lockstep.ts';

function fresh(): Lockstep {
  return new Lockstep(4, { checkpointInterval: 2, maxBatchBytes: 4096, maxRequestBytes: 512 });
}

/** Where a corpus message arrives. The same bytes at every run: keys and clocks are fixed. */
export const SCENES = {
  /** Nobody has done anything. */
  fresh,
  /** Two blocks, and a stable checkpoint at the second. */
  running: (): Lockstep => {
    const net = fresh();
    for (let i = 1; i <= 2; i++) {
      net.propose(0, i);
      net.drain();
    }
    return net;
  },
  /** Replica 2 waits for the new-view of view 1, which binds a batch at height 1. */
  waiting: (): Lockstep => waiting().net,
  /** All but replica 0 are in view 1. */
  moved: (): Lockstep => {
    const { net, announcement } = waiting();
    net.passes = () => true;
    for (const to of [2, 3]) net.inject(1, to, announcement);
    net.drain();
    return net;
  },
} satisfies Record<string, () => Lockstep>;

export type Scene = keyof typeof SCENES;

/** What replica 1 announces in the scene of that name. */
export function waiting(): { readonly net: Lockstep; readonly announcement: Uint8Array } {
  const net = fresh();
  let announcement: Uint8Array = new Uint8Array(0);
  net.passes = (_, { kind }) => kind !== 'commit';
  net.propose(0, 9);
  net.drain();
  net.crash(0);
  net.passes = ({ bytes }) => {
    const message = decodeMessage(bytes);
    if (!message.ok || message.value.kind !== 'new-view') return true;
    announcement = bytes;
    return false;
  };
  net.propose(2, 1);
  net.drain();
  for (let self = 0; self < 4; self++) net.timeOut(self);
  net.drain();
  return { net, announcement };
}

export interface CorpusEntry {
  readonly name: string;
  readonly scene: Scene;
  readonly from: number;
  readonly to: number;
  /** Messages that came before, in hexadecimal, from the same replica. */
  readonly before: readonly string[];
  readonly hex: string;
  /** The last refusal that it brings about; null where it is accepted. */
  readonly reason: string | null;
}
