export interface Claims {
  readonly proves: readonly string[];
  readonly doesNotProve: readonly string[];
}

/** True of each kind: the bundle is bytes and signatures, not a look into anybody's intention. */
const NEVER_PROVEN = [
  'Who held the key, or why: malice, a stolen key and broken software look the same.',
  'Where the key lives: it is a software key, and no hardware attests it.',
] as const;

const BOUND_TO_DEVICE =
  'The key belongs to the accused: its certificate is signed by the device’s root key (Ed25519 and ML-DSA-65, both checked).';

const CLAIMS: Readonly<Record<string, Claims>> = {
  equivocation: {
    proves: [
      'The accused signed two messages of one view and one height that exclude each other. A correct replica never does, whatever the network does to it.',
      BOUND_TO_DEVICE,
    ],
    doesNotProve: [
      'That anybody was deceived: with at most f liars among the replicas, conflicting blocks are never both committed.',
      ...NEVER_PROVEN,
    ],
  },
  'poisoned-updates': {
    proves: [
      'A quorum of replicas, each of which computed the aggregate by itself, signed that this device’s updates were outliers in the rounds named: against the robust aggregate, and far longer than the others’.',
      BOUND_TO_DEVICE,
    ],
    doesNotProve: [
      'The content of the updates: the bundle holds their signed hashes, not their numbers. The finding rests on the quorum, which holds while at most f replicas lie.',
      'That every poisoned update is caught: a mild one can pass under the rule.',
      ...NEVER_PROVEN,
    ],
  },
  'result-mismatch': {
    proves: [
      'The accused signed a result of a round that differs from the one a quorum signed. The arithmetic is deterministic: a correct replica gets the same bits.',
      BOUND_TO_DEVICE,
    ],
    doesNotProve: [
      'That it lied on purpose: faulty memory or an altered build gives the same picture.',
      'That the quorum’s result is right if more than f of its replicas lie.',
      ...NEVER_PROVEN,
    ],
  },
  'consensus-fault': {
    proves: [
      'The accused signed a consensus message that no correct replica signs: one that denies what it had signed before, a view change whose proofs do not hold, or a state other than the one that a quorum certified.',
      BOUND_TO_DEVICE,
    ],
    doesNotProve: [
      'That it lied on purpose: a disk that lost what it had confirmed, faulty memory or an altered build give the same picture.',
      'That a quorum’s state is right if more than f of its replicas lie.',
      ...NEVER_PROVEN,
    ],
  },
  'double-update': {
    proves: ['The accused signed two different updates for one round of one job.', BOUND_TO_DEVICE],
    doesNotProve: ['Which of the two was meant, or that either of them is poisoned.', ...NEVER_PROVEN],
  },
};

const UNKNOWN: Claims = {
  proves: ['What its summary says, if the verification below succeeds.'],
  doesNotProve: NEVER_PROVEN,
};

export function claimsOf(kind: string): Claims {
  return CLAIMS[kind] ?? UNKNOWN;
}
