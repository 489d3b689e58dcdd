/** Names of the rules that a plan may choose, the default first. */
export const STRATEGIES = ['nnm-trimmed-mean', 'cge', 'mean', 'median', 'multi-krum'] as const;

export type Strategy = (typeof STRATEGIES)[number];
