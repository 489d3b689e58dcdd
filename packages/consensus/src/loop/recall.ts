/**
 * Whether anything new is signed. After a boot the disk may be an old copy, and a second process may run with the same
 * key: so a replica that faces liars first asks what others hold of its key, and signs nothing new before Q - 1 of them
 * have answered. Q - 1 others are needed for any progress anyway, so this costs one exchange and never a decision. What
 * one is not told of it cannot know: a vote that reached fewer than n - Q + f + 1 others may stay unseen.
 */
export interface Recall {
  /** `silenced`: the key has signed what this process did not, and a person must look. */
  voice: 'asking' | 'free' | 'silenced';
  /** Who has answered, each once. */
  readonly answered: Set<number>;
}

export function newRecall(): Recall {
  return { voice: 'asking', answered: new Set() };
}

/** @returns whether it is free to sign from now on: as many have answered as there must be */
export function isAnswered({ recall, q }: { readonly recall: Recall; readonly q: number }): boolean {
  return recall.voice === 'asking' && recall.answered.size >= q - 1;
}
