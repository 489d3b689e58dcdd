import { distort, type Liar } from './liar.ts';

const COPIES = 8;

/** Says everything many times, with rubbish in between. */
export const flood: Liar = {
  name: 'flood',
  describe: 'repeats every message and adds malformed ones',
  onSend(_, effect) {
    const copies = Array.from({ length: COPIES }, () => effect);
    const cut = effect.bytes.subarray(0, effect.bytes.length >> 1);
    return [...copies, { ...effect, bytes: distort(effect.bytes) }, { ...effect, bytes: cut }];
  },
};
