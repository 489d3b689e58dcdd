export interface BlockView {
  readonly height: number;
  readonly timeMs: number;
  readonly requests: number;
  /** Of the payload. */
  readonly bytes: number;
  readonly view: number;
  /** Replicas whose signatures are in the certificate. */
  readonly signers: number;
  /** SHA3-256 of the payload, hex. */
  readonly digest: string;
  readonly commands: readonly CommandView[];
}

export interface CommandView {
  readonly kind: string;
  readonly device: string;
  /** `applied`, `duplicate`, or the reason of the refusal. */
  readonly outcome: string;
}
