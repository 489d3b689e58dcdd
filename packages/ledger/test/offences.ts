import { createEvidence, createPbft, type Engine, readEvidence } from '@murmuration/consensus';
import type { DeviceIdentity } from '@murmuration/identity';
import {
  type Command,
  createLedger,
  type EvidenceBundle,
  encodeEvidenceBundle,
  replicaSetOf,
  signCommand,
} from '../src/index.ts';
import { hashOf, replica, update, type World } from './fixtures.ts';

/** The bundle in which `liar` signed two hashes for one round; the job need not exist. */
export function doubleUpdate(world: World, liar: DeviceIdentity, round: number, job = 'other'): EvidenceBundle {
  const { chainId } = createLedger(world.genesis);
  return {
    format: 'murmuration-evidence/1',
    kind: 'double-update',
    accused: liar.device,
    chainId,
    genesis: null,
    certificates: [liar.certificateBytes],
    statements: [1, 2].map((n) => signCommand(liar, chainId, n, update(round, hashOf(n), job))),
  };
}

export function submit(bundle: EvidenceBundle): Command {
  return { kind: 'submit-evidence', evidence: encodeEvidenceBundle(bundle) };
}

/** Consensus evidence against replica 0: two engines with its key propose for one view and height. */
export function equivocation(world: World): Uint8Array {
  const nowMs = world.nowMs;
  const [one, other] = [1, 2].map((request) => {
    const twin = engineOf(world, 0);
    return twin.step({ kind: 'propose', nowMs, request: hashOf(request) });
  });
  const witness = engineOf(world, 1);
  for (const effect of [...(one ?? []), ...(other ?? [])]) {
    if (effect.kind !== 'send') continue;
    const seen = witness.step({ kind: 'message', nowMs, from: 0, bytes: effect.bytes });
    for (const found of seen) if (found.kind === 'evidence') return found.evidence;
  }
  throw new Error('the witness saw no equivocation');
}

function engineOf(world: World, self: number): Engine {
  const engine = createPbft({ replicaSet: replicaSetOf(world.genesis), self, signer: replica(world, self).signer });
  const executed = { height: 0, stateDigest: world.ledger.root() };
  engine.step({ kind: 'start', nowMs: world.nowMs, records: [], executed });
  return engine;
}

/** The same evidence with the number of another replica, which no signature covers. */
export function blamedOn(evidence: Uint8Array, index: number): Uint8Array {
  const read = readEvidence(evidence);
  if (!read.ok) throw new Error(read.reason);
  if (read.value.kind !== 'conflict') throw new Error(read.value.kind);
  const { first, second } = read.value;
  const blamed = createEvidence({ ...first, replica: index }, { ...second, replica: index });
  if (blamed === undefined) throw new Error('no conflict');
  return blamed;
}
