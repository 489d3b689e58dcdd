import { MurmurError } from '@murmuration/core';
import type { SignedCommand } from '../commands/signed-command.ts';
import type { Refusal } from '../refusal.ts';
import type { Turn } from '../turn.ts';
import { MAX_FEE } from './amount.ts';
import { feeStateOf } from './fee-state.ts';
import type { FeeOffer, FeePolicy } from './policy.ts';

const REASON = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MAX_REASON_CHARS = 64;

/** Carries out an admitted command between the two calls of the policy. @returns what became of it, and its price */
export function charged(turn: Turn, signed: SignedCommand, perform: () => Refusal): { refusal: Refusal; fee: bigint } {
  const { fees } = turn.chain;
  const state = feeStateOf(turn.state.fees);
  const offer = offerOf(turn, signed);
  const decision = fees.before(state, offer);
  const fee = checkFee(fees, decision.fee);
  const refusal = decision.refused === undefined ? perform() : notPaid(fees, decision.refused);
  if (fees.after === undefined) return { refusal, fee };
  const outcome = refusal === null ? 'applied' : 'refused';
  const last = fees.after(state, offer, { fee, outcome, reason: refusal?.reason ?? null });
  return { refusal, fee: checkFee(fees, last) };
}

function offerOf(turn: Turn, { device, command, wire }: SignedCommand): FeeOffer {
  return { device, kind: command.kind, bytes: wire.length, height: turn.height, timeMs: turn.nowMs };
}

function notPaid(fees: FeePolicy, reason: string): Refusal {
  if (!REASON.test(reason) || reason.length > MAX_REASON_CHARS) throw invalid(fees, `the reason "${reason}"`);
  return { ok: false, reason: 'fee-refused', detail: reason };
}

function checkFee(fees: FeePolicy, fee: bigint): bigint {
  if (fee < 0n || fee > MAX_FEE) throw invalid(fees, `the fee ${fee}`);
  return fee;
}

function invalid(fees: FeePolicy, what: string): MurmurError {
  return new MurmurError({
    code: 'LEDGER_FEE_INVALID',
    message: `the fee policy "${fees.id}" answered ${what}`,
    remedy: 'a fee is a bigint from 0 to 2^128 - 1, a reason at most 64 characters in kebab case; correct the policy',
    facts: { policy: fees.id },
  });
}
