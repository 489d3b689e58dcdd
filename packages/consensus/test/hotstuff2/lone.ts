import type { Signer } from '@murmuration/crypto';
import { sha3_256 } from '@murmuration/crypto';
import { type AggregateCertificate, bitmapOf, hotstuff2Chain, SHARE_DOMAIN } from '../../src/hotstuff2/certificates.ts';
import { createHotstuff2WithQuorum } from '../../src/hotstuff2/engine.ts';
import {
  decodeHotstuff2Message,
  encodeHotstuff2Message,
  type Hotstuff2Message,
  type Hotstuff2MessageOf,
  type ViewProof,
} from '../../src/hotstuff2/messages.ts';
import { BLS, type Multisignature } from '../../src/hotstuff2/multisignature.ts';
import {
  type Engine,
  type EngineEffect,
  type EngineEvent,
  encodeBatch,
  type Hotstuff2Options,
  quorum,
} from '../../src/index.ts';
import { type Phase, signStatement, statementBytes } from '../../src/quorum/statement.ts';
import { createHotstuff2Keys, type Hotstuff2Keys } from './keys.ts';

const NOW_MS = 1_767_225_600_000;

export interface Place {
  readonly view: number;
  readonly height: number;
}

/** One engine, and the keys of all the others: whatever they might say can be said to it. */
export class Lone {
  readonly n: number;
  readonly q: number;
  readonly self: number;
  readonly keys: Hotstuff2Keys;
  readonly journal = new Map<string, Uint8Array>();
  /** Checks of shares and of sums of shares that the engine made, by how many signed. */
  readonly checks: number[] = [];
  /** Whether it asks others at its next boot what they hold of its key. */
  asks = false;
  engine: Engine;
  private readonly options: Hotstuff2Options;
  private readonly multisignature: Multisignature;

  constructor(n: number, self: number, options: Hotstuff2Options = {}, kind: 'real' | 'hash' = 'hash') {
    this.n = n;
    this.q = quorum(n);
    this.self = self;
    this.options = options;
    this.keys = createHotstuff2Keys(n, kind);
    this.multisignature = this.keys.bls.multisignature ?? BLS;
    this.engine = this.create();
    this.start();
  }

  private create(): Engine {
    const { set, signers, verify, bls, secretKeys } = this.keys;
    const counted: Multisignature = {
      ...this.multisignature,
      verify: (domain, message, publicKeys, aggregate) => {
        this.checks.push(publicKeys.length);
        return this.multisignature.verify(domain, message, publicKeys, aggregate);
      },
    };
    const secretKey = secretKeys[this.self] as Uint8Array;
    const keys = { publicKeys: bls.publicKeys, multisignature: counted, secretKey };
    const deps = { replicaSet: set, self: this.self, signer: signers[this.self] as Signer, verify, bls: keys };
    return createHotstuff2WithQuorum(deps, this.options, this.q);
  }

  private start(height = 0): readonly EngineEffect[] {
    const records = [...this.journal].map(([key, value]) => ({ key, value }));
    const executed = { height, stateDigest: new Uint8Array(32) };
    return this.step({ kind: 'start', nowMs: NOW_MS, records, executed, ...(this.asks ? {} : { sure: true }) });
  }

  /** A crash after the last effect, and a new boot. */
  reboot(height = 0): readonly EngineEffect[] {
    this.engine = this.create();
    return this.start(height);
  }

  step(event: EngineEvent): readonly EngineEffect[] {
    const effects = this.engine.step(event);
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue;
      if (effect.value === null) this.journal.delete(effect.key);
      else this.journal.set(effect.key, effect.value);
    }
    return effects;
  }

  hear(from: number, message: Hotstuff2Message | Uint8Array): readonly EngineEffect[] {
    const bytes = message instanceof Uint8Array ? message : encodeHotstuff2Message(message);
    return this.step({ kind: 'message', nowMs: NOW_MS, from, bytes });
  }

  fire(id: string): readonly EngineEffect[] {
    return this.step({ kind: 'timer', nowMs: NOW_MS, id });
  }

  ask(request: number): readonly EngineEffect[] {
    return this.step({ kind: 'propose', nowMs: NOW_MS, request: Uint8Array.of(request) });
  }

  executed(height: number): readonly EngineEffect[] {
    return this.step({ kind: 'executed', nowMs: NOW_MS, height, stateDigest: new Uint8Array(32) });
  }

  payload(fill: number): Uint8Array {
    return encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(fill)] });
  }

  digest(fill: number): Uint8Array {
    return sha3_256(this.payload(fill));
  }

  signature(replica: number, phase: Phase, { view, height }: Place, digest: Uint8Array): Uint8Array {
    const { chainId } = hotstuff2Chain(this.keys.set);
    return signStatement(this.keys.signers[replica] as Signer, chainId, { epoch: 0, phase, view, height, digest });
  }

  share(replica: number, phase: Phase, { view, height }: Place, digest: Uint8Array): Uint8Array {
    const { chainId } = hotstuff2Chain(this.keys.set);
    const bytes = statementBytes(chainId, { epoch: 0, phase, view, height, digest });
    return this.multisignature.sign(SHARE_DOMAIN, bytes, this.keys.secretKeys[replica] as Uint8Array);
  }

  certificate(phase: Phase, place: Place, digest: Uint8Array, signers = this.q): AggregateCertificate {
    const replicas = Array.from({ length: signers }, (_, i) => i);
    const signature = this.multisignature.aggregate(replicas.map((i) => this.share(i, phase, place, digest)));
    const signed = signature ?? new Uint8Array(96);
    return { epoch: 0, view: place.view, signers: bitmapOf(replicas, this.n), signature: signed };
  }

  /** That Q gave up the view before. */
  proof(view: number): ViewProof {
    const place = { view: view - 1, height: 0 };
    const digest = new Uint8Array(32);
    return { phase: 'view-change', height: 0, digest, certificate: this.certificate('view-change', place, digest) };
  }

  /** The leader of `place.view` proposes. */
  proposal(place: Place, fill: number, justify: AggregateCertificate | null = null): Hotstuff2MessageOf<'propose'> {
    const signature = this.signature(this.leader(place), 'pre-prepare', place, this.digest(fill));
    const proof = place.view === 0 ? null : this.proof(place.view);
    return { kind: 'propose', epoch: 0, ...place, payload: this.payload(fill), signature, justify, proof };
  }

  prepare(place: Place, fill: number): Hotstuff2MessageOf<'prepare'> {
    const digest = this.digest(fill);
    const signature = this.signature(this.leader(place), 'pre-prepare', place, digest);
    return {
      kind: 'prepare',
      height: place.height,
      digest,
      certificate: this.certificate('prepare', place, digest),
      signature,
    };
  }

  decide(place: Place, fill: number): Hotstuff2MessageOf<'decide'> {
    const digest = this.digest(fill);
    return { kind: 'decide', height: place.height, digest, certificate: this.certificate('commit', place, digest) };
  }

  vote(replica: number, kind: 'vote' | 'vote2', place: Place, fill: number): Hotstuff2MessageOf<'vote' | 'vote2'> {
    const [phase, digest] = [kind === 'vote' ? 'prepare' : 'commit', this.digest(fill)] as const;
    const share = this.share(replica, phase, place, digest);
    return { kind, epoch: 0, ...place, digest, share, signature: this.signature(replica, phase, place, digest) };
  }

  timeout(replica: number, place: Place): Hotstuff2MessageOf<'timeout'> {
    const share = this.share(replica, 'view-change', { view: place.view, height: 0 }, new Uint8Array(32));
    return { kind: 'timeout', epoch: 0, ...place, share, seen: null };
  }

  leader({ view, height }: Place): number {
    return (view + Math.floor(height / (this.options.heightsPerLeader ?? 8))) % this.n;
  }
}

/** What was sent, read, by kind. */
export function sent<Kind extends Hotstuff2Message['kind']>(
  effects: readonly EngineEffect[],
  kind: Kind,
): readonly Hotstuff2MessageOf<Kind>[] {
  return effects.flatMap((effect) => {
    const decoded = effect.kind === 'send' ? decodeHotstuff2Message(effect.bytes) : undefined;
    return decoded?.ok && decoded.value.kind === kind ? [decoded.value as Hotstuff2MessageOf<Kind>] : [];
  });
}

export function reasons(effects: readonly EngineEffect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.kind === 'refused' ? [effect.reason] : []));
}
