import type { Store } from '@murmuration/core';

/** The last task of each account, by store: two ledgers over one store take turns too. */
const tails = new WeakMap<Store, Map<string, Promise<unknown>>>();

/** Runs `task` after all earlier ones of the same account, whatever became of them. */
export async function inTurn<T>(store: Store, account: string, task: () => Promise<T>): Promise<T> {
  const byAccount = tails.get(store) ?? new Map<string, Promise<unknown>>();
  tails.set(store, byAccount);
  const before = byAccount.get(account) ?? Promise.resolve();
  const mine = before.then(task, task);
  byAccount.set(account, mine);
  try {
    return await mine;
  } finally {
    if (byAccount.get(account) === mine) byAccount.delete(account);
  }
}
