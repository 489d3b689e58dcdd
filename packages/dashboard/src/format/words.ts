const REASONS: Readonly<Record<string, string>> = {
  equivocation: 'Signed two conflicting messages',
  'poisoned-updates': 'Poisoned updates',
  'result-mismatch': 'Committed a different result',
  'consensus-fault': 'Signed a consensus message that does not hold',
  'double-update': 'Two updates for one round',
};

/** Why a device was quarantined or accused, as a short sentence. */
export function reasonWords(reason: string): string {
  return REASONS[reason] ?? sentence(reason);
}

/** `nnm-trimmed-mean` → `Nnm trimmed mean` would read badly: the known rules have names. */
const STRATEGIES: Readonly<Record<string, string>> = {
  'nnm-trimmed-mean': 'NNM + trimmed mean',
  cge: 'Comparative gradient elimination',
  mean: 'Plain mean',
  median: 'Median',
  'trimmed-mean': 'Trimmed mean',
  krum: 'Krum',
  'multi-krum': 'Multi-Krum',
};

export function strategyWords(strategy: string): string {
  return STRATEGIES[strategy] ?? strategy;
}

/** Kebab case as a sentence: `not-finite` → `Not finite`. */
export function sentence(kebab: string): string {
  const words = kebab.replaceAll('-', ' ').trim();
  return words === '' ? '' : words[0]?.toUpperCase() + words.slice(1);
}

/** Somebody else's words, with a capital and a full stop. */
export function statement(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return `${trimmed[0]?.toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}

/** `firstHash` → `First hash`. */
export function nameOfFact(key: string): string {
  return sentence(key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
}

/** The head of a hash, enough to compare by eye; the whole of it belongs beside a copy button. */
export function shortHash(hex: string, chars = 10): string {
  return hex.length <= chars ? hex : `${hex.slice(0, chars)}…`;
}
