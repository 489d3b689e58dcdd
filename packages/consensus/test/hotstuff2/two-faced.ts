import type { Signer } from '@murmuration/crypto';
import { sha3_256 } from '@murmuration/crypto';
import { type AggregateCertificate, bitmapOf, hotstuff2Chain, SHARE_DOMAIN } from '../../src/hotstuff2/certificates.ts';
import {
  decodeHotstuff2Message,
  encodeHotstuff2Message,
  type Hotstuff2Message,
  type Hotstuff2MessageOf,
} from '../../src/hotstuff2/messages.ts';
import { BLS } from '../../src/hotstuff2/multisignature.ts';
import { type EngineEffect, type EngineEvent, encodeBatch } from '../../src/index.ts';
import { type Phase, signStatement, statementBytes } from '../../src/quorum/statement.ts';
import type { AnyEngine } from '../conformance/protocol.ts';
import { createHotstuff2Keys } from './keys.ts';

/** One of the two proposals: to whom it is shown, and who has voted for it. */
interface Face {
  readonly payload: Uint8Array;
  readonly digest: Uint8Array;
  readonly shownTo: readonly number[];
  readonly votes: Map<number, Uint8Array>;
  readonly votes2: Map<number, Uint8Array>;
  done: number;
}

/**
 * A leader of view 0 that decides two blocks at height 1, each among those whom it shows nothing else, where the quorum
 * lets it. It says nothing before it is asked to propose, and nothing later.
 */
export class TwoFaced implements AnyEngine {
  readonly status = { view: 0, primary: 0, height: 0, stableCheckpoint: 0, pending: 0, viewChanging: false };
  private readonly keys: ReturnType<typeof createHotstuff2Keys>;
  private readonly set: ReturnType<typeof hotstuff2Chain>;
  private readonly q: number;
  private readonly faces: Face[];

  constructor(n: number, kind: 'real' | 'hash', q: number, parts: readonly (readonly number[])[]) {
    this.keys = createHotstuff2Keys(n, kind);
    this.set = hotstuff2Chain(this.keys.set);
    this.q = q;
    this.faces = parts.map((shownTo, i) => {
      const payload = encodeBatch({ timeMs: 1, requests: [Uint8Array.of(i)] });
      return { payload, digest: sha3_256(payload), shownTo, votes: new Map(), votes2: new Map(), done: 0 };
    });
  }

  step(event: EngineEvent): readonly EngineEffect[] {
    if (event.kind === 'propose') return this.faces.flatMap((face) => this.propose(face));
    if (event.kind !== 'message') return [];
    const decoded = decodeHotstuff2Message(event.bytes);
    if (!decoded.ok || (decoded.value.kind !== 'vote' && decoded.value.kind !== 'vote2')) return [];
    return this.count(event.from, decoded.value);
  }

  private propose(face: Face): EngineEffect[] {
    const signature = signStatement(
      this.keys.signers[0] as Signer,
      this.set.chainId,
      this.statement('pre-prepare', face),
    );
    face.votes.set(0, this.share('prepare', face));
    face.votes2.set(0, this.share('commit', face));
    const { payload } = face;
    return this.show(face, { kind: 'propose', ...PLACE, payload, signature, justify: null, proof: null });
  }

  private count(from: number, vote: Hotstuff2MessageOf<'vote' | 'vote2'>): EngineEffect[] {
    const face = this.faces.find(({ shownTo }) => shownTo.includes(from)) as Face;
    const phase = vote.kind === 'vote' ? 'prepare' : 'commit';
    const votes = phase === 'prepare' ? face.votes : face.votes2;
    votes.set(from, vote.share);
    if (votes.size < this.q || face.done >= (phase === 'prepare' ? 1 : 2)) return [];
    face.done += 1;
    const certificate = this.sum(votes);
    const { digest } = face;
    if (phase === 'commit') return this.show(face, { kind: 'decide', height: 1, digest, certificate });
    const signature = signStatement(
      this.keys.signers[0] as Signer,
      this.set.chainId,
      this.statement('pre-prepare', face),
    );
    return this.show(face, { kind: 'prepare', height: 1, digest, certificate, signature });
  }

  private show({ shownTo }: Face, message: Hotstuff2Message): EngineEffect[] {
    return shownTo.map((to) => ({ kind: 'send', to, bytes: encodeHotstuff2Message(message) }));
  }

  private statement(phase: Phase, { digest }: Face) {
    return { phase, ...PLACE, digest };
  }

  private share(phase: Phase, face: Face): Uint8Array {
    const { multisignature = BLS } = this.keys.bls;
    const bytes = statementBytes(this.set.chainId, this.statement(phase, face));
    return multisignature.sign(SHARE_DOMAIN, bytes, this.keys.secretKeys[0] as Uint8Array);
  }

  private sum(votes: ReadonlyMap<number, Uint8Array>): AggregateCertificate {
    const { multisignature = BLS } = this.keys.bls;
    const signature = multisignature.aggregate([...votes.values()]) as Uint8Array;
    return { epoch: 0, view: 0, signers: bitmapOf([...votes.keys()], this.set.replicas.length), signature };
  }
}

const PLACE = { epoch: 0, height: 1, view: 0 } as const;
