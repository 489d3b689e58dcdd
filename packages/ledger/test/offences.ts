import {
  createEvidence,
  createPbft,
  type Engine,
  type EngineEvent,
  type Liar,
  liars,
  type PbftOptions,
  readEvidence,
} from '@murmuration/consensus';
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

function engineOf(world: World, self: number, options: PbftOptions = {}): Engine {
  const deps = { replicaSet: replicaSetOf(world.genesis), self, signer: replica(world, self).signer };
  const engine = createPbft(deps, options);
  const executed = { height: 0, stateDigest: world.ledger.root() };
  engine.step({ kind: 'start', nowMs: world.nowMs, records: [], executed, sure: true });
  return engine;
}

/** Consensus evidence against replica 3: it signed another state than the quorum at the first checkpoint. */
export function stateMismatch(world: World): Uint8Array {
  const nowMs = world.nowMs;
  const engines = [0, 1, 2, 3].map((self) => engineOf(world, self, { checkpointInterval: 1 }));
  const lie = liars['bad-checkpoint'] as Liar;
  const replicaSet = replicaSetOf(world.genesis);
  const queue: { readonly from: number; readonly to: number; readonly bytes: Uint8Array }[] = [];
  let evidence: Uint8Array | undefined;
  const step = (self: number, event: EngineEvent): void => {
    for (const effect of (engines[self] as Engine).step(event)) {
      const context = { self, n: 4, signer: replica(world, self).signer, height: 0, view: 0, replicaSet };
      if (effect.kind === 'evidence') evidence = effect.evidence;
      if (effect.kind === 'commit') {
        step(self, { kind: 'executed', nowMs, height: effect.commit.height, stateDigest: hashOf(1) });
      }
      if (effect.kind !== 'send') continue;
      for (const { to, bytes } of self === 3 ? lie.onSend(context, effect) : [effect]) {
        for (const target of [0, 1, 2, 3]) {
          if (target !== self && (to === 'all' || to === target)) queue.push({ from: self, to: target, bytes });
        }
      }
    }
  };
  step(0, { kind: 'propose', nowMs, request: hashOf(1) });
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    step(next.to, { kind: 'message', nowMs, from: next.from, bytes: next.bytes });
  }
  if (evidence === undefined) throw new Error('nobody saw the other state');
  return evidence;
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
