import { accept, type Result, refuse } from '@murmuration/core';
import { wipe } from '@murmuration/crypto';
import { type MaskedNormStatement, proveMaskedNorm } from '../zk/predicates/masked-norm.ts';
import type { ClientContext, ClientState, Moved, ProofSecrets } from './client-state.ts';
import { commitMask, encodePoints, openMask, proofContext } from './mask-commitments.ts';
import { pairSign } from './masks.ts';
import { encodeClientMessage, type MessageOf, type ServerMessage } from './messages.ts';
import { drawProjections } from './projections.ts';

/**
 * Proves that the vector which left is short, for one challenge. Commitments to the projections of each pair's mask
 * follow from its seed and the challenge, so both ends send the same: the server compares them.
 * @returns `repeated` for a second challenge, `vector-too-long` where nothing can be proven
 */
export function proveNorm(
  { plan, self, deps }: ClientContext,
  state: Extract<ClientState, { phase: 'masked' }>,
  { challenge }: MessageOf<ServerMessage, 'challenge'>,
): Result<Moved> {
  const { proof: secrets, held } = state;
  if (plan.norm === null) return refuse('no-norm-bound');
  if (secrets === null) return refuse('repeated');
  const projections = drawProjections(challenge, plan.norm.projections, plan.length);
  const members = [...secrets.pairSeeds.keys()];
  const openings = [secrets.selfSeed, ...secrets.pairSeeds.values()].map((seed) =>
    openMask(seed, challenge, projections),
  );
  const commitments = openings.map(commitMask);
  const signs = [1 as const, ...members.map((member) => pairSign(self, member))];
  const statement: MaskedNormStatement = {
    context: proofContext(plan, self, challenge, secrets.words),
    targets: projections.of(secrets.words),
    masks: commitments.map((points, i) => ({ sign: signs[i] as 1 | -1, commitments: points })),
    bound: plan.norm.bound,
  };
  const proof = proveMaskedNorm(statement, { masks: openings }, deps.entropy);
  forgetProof(secrets);
  if (proof === undefined) return refuse('vector-too-long', `a projection is beyond ${plan.norm.bound}`);
  const [own, ...pairs] = commitments.map(encodePoints) as [Uint8Array, ...Uint8Array[]];
  const bytes = encodeClientMessage({
    kind: 'norm-proof',
    self: own,
    pairs: members.map((member, i) => ({ with: member, commitments: pairs[i] as Uint8Array })),
    proof,
  });
  return accept({ state: { phase: 'masked', held, proof: null }, effects: [{ kind: 'send', bytes }] });
}

export function forgetProof({ words, selfSeed, pairSeeds }: ProofSecrets): void {
  words.fill(0);
  wipe(selfSeed, ...pairSeeds.values());
}
