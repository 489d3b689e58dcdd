import { accept, type Result } from '@murmuration/core';
import { wipe } from '@murmuration/crypto';
import { addWords } from '@murmuration/kernels';
import type { ClientContext, ClientEffect, ClientState, Holdings, Moved, ProofSecrets } from './client-state.ts';
import { applyMasks, pairSign, type SeededMask } from './masks.ts';
import { encodeClientMessage } from './messages.ts';
import { noiseShare } from './plan.ts';
import { saturate } from './quantise.ts';
import { type PairKeys, selfMaskSeed } from './secrets.ts';

/** y = x + noise + PRG(self) + Σ_{v<u} PRG(uv) − Σ_{v>u} PRG(uv) modulo 2^32, over the neighbours that shared. */
export function maskInput(
  { plan, self, deps, input }: ClientContext,
  state: Extract<ClientState, { phase: 'boxes' }>,
  held: Holdings,
): Result<Moved> {
  const words = input.slice();
  const saturated = saturate(words, plan.bound);
  if (plan.noiseVariance !== null && deps.noise !== undefined) {
    const noise = new Int32Array(words.length);
    deps.noise(noiseShare(plan)).fill(noise);
    addWords(words, noise);
    noise.fill(0);
  }
  const selfSeed = selfMaskSeed(state.selfSecret);
  const masks: SeededMask[] = [{ seed: selfSeed, sign: 1 }];
  const pairSeeds = new Map<number, Uint8Array>();
  for (const member of held.keys()) {
    if (member === self) continue;
    const { maskSeed } = state.pairs.get(member) as PairKeys;
    masks.push({ seed: maskSeed, sign: pairSign(self, member) });
    if (plan.norm !== null) pairSeeds.set(member, maskSeed.slice());
  }
  applyMasks(words, masks);
  const proof: ProofSecrets | null = plan.norm === null ? null : { words, selfSeed, pairSeeds };
  wipe(state.selfSecret);
  for (const { box, maskSeed } of state.pairs.values()) wipe(box, maskSeed);
  input.fill(0);
  const bytes = encodeClientMessage({ kind: 'masked', words: new Uint8Array(words.buffer) });
  const effects: ClientEffect[] = [
    { kind: 'masked', saturated, unopened: [...held.keys()].filter((member) => held.get(member) === null) },
    { kind: 'send', bytes },
  ];
  return accept({ state: { phase: 'masked', held, proof }, effects });
}
