import { toHex, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { PrivatePlan } from '@murmuration/learning';
import {
  type BudgetAccount,
  type BudgetDeps,
  type BudgetLedger,
  createBudgetLedger,
  type PrivacyEvent,
} from '@murmuration/privacy';

/** What this device's data may cost in all private rounds together. */
export interface OwnBudgetTerms {
  readonly epsilon: number;
  readonly delta: number;
}

/** A device's own budget for its data sets: debited, durably, before anything of a round leaves. */
export class OwnBudget {
  private readonly ledger: BudgetLedger;
  private readonly terms: OwnBudgetTerms;

  /** @param terms of accounts that are not open yet: what is open keeps its own */
  constructor(deps: BudgetDeps, terms: OwnBudgetTerms) {
    this.ledger = createBudgetLedger(deps);
    this.terms = terms;
  }

  /**
   * @returns what is left of epsilon
   * @throws PRIVACY_BUDGET_EXHAUSTED where it would be overdrawn: nothing was debited; PRIVACY_BUDGET_DAMAGED
   */
  async debit(plan: PrivatePlan, purpose: string, event: PrivacyEvent): Promise<number> {
    const account = accountOf(plan);
    const known = await this.ledger.accounts();
    if (!known.some(({ owner, dataset }) => owner === account.owner && dataset === account.dataset)) {
      await this.ledger.open(account, { ...this.terms, adjacency: 'add-or-remove-one' });
    }
    return this.ledger.release(account, { purpose, events: [event] }, ({ leftEpsilon }) => leftEpsilon);
  }
}

/** One account for each data set, whatever jobs learn from it. */
function accountOf({ dataset }: PrivatePlan): BudgetAccount {
  const digest =
    'digest' in dataset && dataset.digest !== '' ? `-${toHex(sha3_256(utf8(dataset.digest))).slice(0, 16)}` : '';
  return { owner: 'device', dataset: dataset.kind + digest };
}
