import type { Specification } from './linearizability.ts';

/** What a key-value service can be asked. A swap writes where the value is `expected`. */
export type KeyValueInput =
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'write'; readonly key: string; readonly value: string }
  | { readonly kind: 'swap'; readonly key: string; readonly expected: string | null; readonly value: string };

/** A read gives the value, null where there is none; a write gives true; a swap, whether it wrote. */
export type KeyValueOutput = string | null | boolean;

/** What one key does when asked by one client at a time; each key is a part of its own. */
export const keyValueSpecification: Specification<string | null, KeyValueInput, KeyValueOutput> = {
  initial: null,
  apply(state, input, answer) {
    const { output, next } = outcome(state, input);
    return answer === null || answer.output === output ? { state: next } : undefined;
  },
  fingerprint: (state) => (state === null ? 'none' : `"${state}"`),
  partOf: ({ key }) => key,
};

function outcome(state: string | null, input: KeyValueInput): { output: KeyValueOutput; next: string | null } {
  switch (input.kind) {
    case 'read':
      return { output: state, next: state };
    case 'write':
      return { output: true, next: input.value };
    case 'swap':
      return state === input.expected ? { output: true, next: input.value } : { output: false, next: state };
  }
}
