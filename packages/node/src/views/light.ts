/**
 * What a light client asks: `checkpoints`, those from `epoch` on above `height`, the ends of epochs and the newest ones,
 * ascending; `state`, what stands under `key` in the state at `height`, which must be that of the newest snapshot;
 * `genesis`, whose hash is the chain id.
 */
export type LightQuestion =
  | { readonly kind: 'checkpoints'; readonly epoch: number; readonly height: number }
  | { readonly kind: 'state'; readonly height: number; readonly key: string }
  | { readonly kind: 'genesis' };
