import { accept, type Result } from '@murmuration/core';
import { wipe } from '@murmuration/crypto';
import { addWords } from '@murmuration/kernels';
import type { ClientContext, ClientEffect, ClientState, HeldShares, Moved } from './client-state.ts';
import { applyMask, pairSign } from './masks.ts';
import { encodeClientMessage } from './messages.ts';
import { noiseShare } from './plan.ts';
import { saturate } from './quantise.ts';
import { type PairKeys, selfMaskSeed } from './secrets.ts';

/** y = x + noise + PRG(self) + Σ_{v<u} PRG(uv) − Σ_{v>u} PRG(uv) modulo 2^32, over the neighbours that shared. */
export function maskInput(
  { plan, self, deps, input }: ClientContext,
  state: Extract<ClientState, { phase: 'boxes' }>,
  held: ReadonlyMap<number, HeldShares>,
): Result<Moved> {
  const words = input.slice();
  const saturated = saturate(words, plan.bound);
  if (plan.noiseVariance !== null && deps.noise !== undefined) {
    const noise = new Int32Array(words.length);
    deps.noise(noiseShare(plan)).fill(noise);
    addWords(words, noise);
    noise.fill(0);
  }
  applyMask(words, selfMaskSeed(state.selfSecret), 1);
  for (const member of held.keys()) {
    if (member === self) continue;
    applyMask(words, (state.pairs.get(member) as PairKeys).maskSeed, pairSign(self, member));
  }
  wipe(state.selfSecret);
  for (const { box, maskSeed } of state.pairs.values()) wipe(box, maskSeed);
  input.fill(0);
  const bytes = encodeClientMessage({ kind: 'masked', words: new Uint8Array(words.buffer) });
  const effects: ClientEffect[] = [
    { kind: 'masked', saturated },
    { kind: 'send', bytes },
  ];
  return accept({ state: { phase: 'masked', held }, effects });
}
