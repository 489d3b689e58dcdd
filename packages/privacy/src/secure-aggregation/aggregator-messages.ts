import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { ed25519Verify } from '@murmuration/crypto';
import { addWords } from '@murmuration/kernels';
import { type AggregatorData, probeKey } from './aggregator-state.ts';
import type { ClientMessage, MessageOf } from './messages.ts';
import { takeNormProof } from './norm-checks.ts';
import { KEYS_DOMAIN, shareDigest, signedKey } from './secrets.ts';

type From<Kind> = MessageOf<ClientMessage, Kind>;

/** Takes in what a member sent in the phase that waits for it, once. */
export function takeMessage(data: AggregatorData, from: number, message: ClientMessage): Result<void> {
  switch (message.kind) {
    case 'keys':
      return data.keys.has(from) ? refuse('repeated') : takeKeys(data, from, message);
    case 'ciphertexts':
      return data.ciphertexts.has(from) ? refuse('repeated') : takeCiphertexts(data, from, message);
    case 'shares':
      return data.shares.has(from) ? refuse('repeated') : takeShares(data, from, message);
    case 'masked':
      return data.survivors.has(from) ? refuse('repeated') : takeMasked(data, from, message);
    case 'norm-proof':
      return data.norm?.proven.has(from) === true ? refuse('repeated') : takeNormProof(data, from, message);
    case 'reveal':
      return data.revealers.has(from) ? refuse('repeated') : takeReveal(data, from, message);
  }
}

/** A key that neighbours would refuse is refused here: one bad member must not stop its neighbours. */
function takeKeys({ plan, deps, keys }: AggregatorData, from: number, message: From<'keys'>): Result<void> {
  const verify = deps.verify ?? ed25519Verify;
  const signer = deps.keyOf(from);
  const signed = signedKey(plan, from, message.publicKey);
  if (signer === undefined || !verify(KEYS_DOMAIN, signed, message.signature, signer)) return refuse('bad-signature');
  const probed = probeKey.initiate(message.publicKey, plan.digest);
  if (!probed.ok) return probed;
  keys.set(from, message);
  return accept(undefined);
}

function takeCiphertexts(data: AggregatorData, from: number, message: From<'ciphertexts'>): Result<void> {
  const { graph } = data.plan;
  const wanted = graph.neighbours(from).filter((to) => data.expected.has(to) && graph.initiates(from, to));
  const named = message.ciphertexts.map(({ to }) => to);
  if (!sameMembers(named, wanted)) return refuse('other-neighbours');
  data.ciphertexts.set(from, new Map(message.ciphertexts.map(({ to, ciphertext }) => [to, ciphertext])));
  return accept(undefined);
}

function takeShares(data: AggregatorData, from: number, message: From<'shares'>): Result<void> {
  const wanted = data.plan.graph.neighbours(from).filter((to) => data.expected.has(to));
  const named = message.boxes.map(({ to }) => to);
  if (!sameMembers(named, wanted)) return refuse('other-neighbours');
  data.shares.set(from, message);
  data.boxes.set(from, new Map(message.boxes.map((box) => [box.to, box])));
  return accept(undefined);
}

function takeMasked(data: AggregatorData, from: number, { words }: From<'masked'>): Result<void> {
  if (words.length !== 4 * data.plan.length) return refuse('wrong-length', `${words.length} bytes`);
  const vector = new Int32Array(words.buffer, words.byteOffset, data.plan.length);
  addWords(data.sum, vector);
  data.norm?.vectors.set(from, vector);
  data.survivors.add(from);
  return accept(undefined);
}

/** Shares of some or all of its neighbourhood: boxes may not have opened. A false share is left out, the others count. */
function takeReveal(data: AggregatorData, from: number, { shares }: From<'reveal'>): Result<void> {
  const { plan, sharers } = data;
  const known = new Set(plan.graph.holders(from).filter((of) => sharers.has(of)));
  for (const { of } of shares) if (!known.delete(of)) return refuse('other-neighbours');
  for (const { of, share } of shares) {
    if (!isGiven(data, from, of, share)) {
      data.told.push({ kind: 'refused', from, reason: 'false-share', detail: `of member ${of}` });
      continue;
    }
    const held = { holder: plan.graph.holders(of).indexOf(from) + 1, bytes: share };
    const others = data.revealed.get(of);
    if (others === undefined) data.revealed.set(of, [held]);
    else others.push(held);
  }
  data.revealers.add(from);
  return accept(undefined);
}

/** Whether the share is the one that its owner gave the digest of. Which of both lies otherwise, nobody can tell. */
function isGiven(data: AggregatorData, holder: number, of: number, share: Uint8Array): boolean {
  const [which, at] = data.survivors.has(of) ? (['self', 0] as const) : (['pair', 32] as const);
  const digests = holder === of ? data.shares.get(of)?.own : data.boxes.get(of)?.get(holder)?.digests;
  const digest = shareDigest(data.plan, of, holder, which, share);
  return digests !== undefined && equalBytes(digests.subarray(at, at + 32), digest);
}

function sameMembers(given: readonly number[], wanted: readonly number[]): boolean {
  return given.length === wanted.length && given.every((member, i) => member === wanted[i]);
}
