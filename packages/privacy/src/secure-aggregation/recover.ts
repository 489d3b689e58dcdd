import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { recoverSecret } from '@murmuration/crypto';
import type { AggregatorData, VoidReason } from './aggregator-state.ts';
import { applyMasks, pairSign, type SeededMask } from './masks.ts';
import { checkMask } from './norm-checks.ts';
import { commitSecret, openRecovery, selfMaskSeed } from './secrets.ts';

/**
 * Takes the masks out of `data.sum`: the self masks of survivors, and the pair masks that survivors share with
 * dropouts. Every secret is recovered before the sum is touched: where one is missing, nothing is released.
 */
export function unmask(data: AggregatorData): Result<void, VoidReason> {
  /** With the signs that take them out. */
  const left: SeededMask[] = [];
  for (const member of data.sharers) {
    const found = data.survivors.has(member) ? selfMask(data, member) : pairMasks(data, member);
    if (!found.ok) return found;
    left.push(...found.value);
  }
  applyMasks(data.sum, left);
  return accept(undefined);
}

function selfMask(data: AggregatorData, member: number): Result<readonly SeededMask[], VoidReason> {
  const secret = committedSecret(data, member, 'self');
  if (!secret.ok) return secret;
  const seed = selfMaskSeed(secret.value);
  const checked = checkMask(data, member, seed);
  return checked.ok ? accept([{ seed, sign: -1 }]) : checked;
}

function pairMasks(data: AggregatorData, dropout: number): Result<readonly SeededMask[], VoidReason> {
  const secret = committedSecret(data, dropout, 'pair');
  if (!secret.ok) return secret;
  const message = data.shares.get(dropout);
  if (message === undefined) return refuse('unrecoverable', `member ${dropout} has sealed nothing`);
  const { boxes, recovery } = message;
  const seeds = openRecovery(data.plan, dropout, secret.value, recovery, boxes.length);
  if (seeds === undefined) return refuse('unrecoverable', `member ${dropout} has sealed no seeds of its pairs`);
  const left: SeededMask[] = [];
  for (const [i, { to }] of boxes.entries()) {
    if (!data.survivors.has(to)) continue;
    const seed = seeds[i] as Uint8Array;
    const checked = checkMask(data, to, seed, dropout);
    if (!checked.ok) return checked;
    // As the dropout would have applied it: that cancels what the survivor did.
    left.push({ seed, sign: pairSign(dropout, to) });
  }
  return accept(left);
}

/** The secret that fits its commitment, from shares that their owner has given: where it does not, the owner lied. */
function committedSecret(
  { plan, shares, revealed }: AggregatorData,
  member: number,
  which: 'self' | 'pair',
): Result<Uint8Array, VoidReason> {
  const held = revealed.get(member) ?? [];
  const { threshold } = plan;
  if (held.length < threshold) return refuse('too-few-shares', `${held.length} of ${threshold} for member ${member}`);
  const message = shares.get(member);
  const commitment = which === 'self' ? message?.selfCommitment : message?.pairCommitment;
  const secret = recoverSecret(threshold, held);
  if (secret.ok && commitment !== undefined) {
    if (equalBytes(commitSecret(plan, member, which, secret.value), commitment)) return secret;
  }
  return refuse('unrecoverable', `the shares of member ${member} do not fit its commitment`);
}
