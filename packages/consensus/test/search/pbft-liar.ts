import { encode, equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { primaryOf } from '../../src/index.ts';
import { proofDigest, readViewChangeBody } from '../../src/pbft/justification.ts';
import {
  decodeMessage,
  type Message,
  type MessageOf,
  newViewBodySchema,
  type Proof,
  type ViewChangeBody,
  viewChangeBodySchema,
} from '../../src/pbft/messages.ts';
import { planOf } from '../../src/pbft/plan.ts';
import { type Signature, signStatement } from '../../src/quorum/statement.ts';
import type { Keys } from '../cluster/keys.ts';
import type { Sent } from './subject.ts';
import { VALUES, type Value } from './values.ts';

const NOTHING = new Uint8Array(0);

interface Vote extends Signature {
  readonly view: number;
  readonly phase: 'pre-prepare' | 'prepare' | 'commit';
  readonly digest: Uint8Array;
}

interface Left {
  readonly replica: number;
  readonly message: MessageOf<'view-change'>;
  readonly body: ViewChangeBody;
}

/**
 * Everything that one replica can sign and others would take for sound: both values in each phase of each view,
 * every claim in a view-change that it can prove, and as primary every new-view that checks.
 */
export class PbftLiar {
  private readonly keys: Keys;
  private readonly liar: number;
  private readonly views: number;
  private readonly quorum: number;
  private readonly values: readonly Value[];

  constructor(of: {
    readonly keys: Keys;
    readonly liar: number;
    readonly views: number;
    readonly quorum: number;
    readonly values: readonly Value[];
  }) {
    this.keys = of.keys;
    this.liar = of.liar;
    this.views = of.views;
    this.quorum = of.quorum;
    this.values = of.values;
  }

  after(sent: readonly Sent[]): readonly Message[] {
    const heard = sent.flatMap(({ from, bytes }) => {
      const message = decodeMessage(bytes);
      return message.ok ? [{ from, message: message.value }] : [];
    });
    const votes = [...heard.flatMap(({ from, message }) => votesIn(from, message)), ...this.ownVotes()];
    const lies: Message[] = this.ownVotes().map((vote) => voteMessage(vote));
    for (let view = 1; view < this.views; view++) {
      const own = this.viewChanges(view, votes);
      lies.push(...own.map(({ message }) => message));
      if (primaryOf(view, this.keys.set.replicas.length) !== this.liar) continue;
      const others = heard.flatMap(({ from, message }) => leftFor(view, from, message));
      const all = [...others, ...own];
      lies.push(...choices(all, this.quorum).map((chosen) => this.newView(view, chosen)));
    }
    return lies;
  }

  private sign(phase: Vote['phase'] | 'view-change' | 'new-view', view: number, height: number, digest: Uint8Array) {
    const signer = this.keys.signers[this.liar] as Keys['signers'][number];
    return signStatement(signer, this.keys.set.chainId, { epoch: 0, phase, view, height, digest });
  }

  private ownVotes(): Vote[] {
    const replica = this.liar;
    return Array.from({ length: this.views }, (_, view) => view).flatMap((view) => {
      const first = primaryOf(view, this.keys.set.replicas.length) === replica ? 'pre-prepare' : 'prepare';
      return ([first, 'commit'] as const).flatMap((phase) =>
        this.values.map(({ digest }) => ({
          replica,
          view,
          phase,
          digest,
          signature: this.sign(phase, view, 1, digest),
        })),
      );
    });
  }

  /** One that claims nothing, and one for each certificate that the votes so far make. */
  private viewChanges(view: number, votes: readonly Vote[]): Left[] {
    const proofs: (Proof | undefined)[] = [undefined];
    for (let below = 0; below < view; below++) {
      for (const { digest } of VALUES) {
        const about = votes.filter((vote) => vote.view === below && equalBytes(vote.digest, digest));
        const prepares = about.filter(({ phase }) => phase !== 'commit');
        if (prepares.some(({ phase }) => phase === 'pre-prepare')) proofs.push(this.proof(false, prepares));
        proofs.push(
          this.proof(
            true,
            about.filter(({ phase }) => phase === 'commit'),
          ),
        );
      }
    }
    return proofs.flatMap((proof, i) => (i > 0 && proof === undefined ? [] : [this.viewChange(view, proof)]));
  }

  /** A certificate by these votes, undefined while there are too few. The primary's word first: no proof lacks it. */
  private proof(decided: boolean, votes: readonly Vote[]): Proof | undefined {
    const distinct = votes.filter((vote, i) => votes.findIndex(({ replica }) => replica === vote.replica) === i);
    const ranked = distinct.sort((a, b) => Number(b.phase === 'pre-prepare') - Number(a.phase === 'pre-prepare'));
    const [vote] = ranked;
    if (vote === undefined || ranked.length < this.quorum) return undefined;
    const signatures = ranked.slice(0, this.quorum).sort((a, b) => a.replica - b.replica);
    const named = signatures.map(({ replica, signature }) => ({ replica, signature }));
    return { height: 1, view: vote.view, decided, digest: vote.digest, signatures: named };
  }

  private viewChange(view: number, proof: Proof | undefined): Left {
    const proofs = proof === undefined ? [] : [proof];
    const claims = proofs.map((one) => {
      const { height, view: at, decided, digest } = one;
      return { height, view: at, decided, digest, proof: proofDigest(one) };
    });
    const stable = { stableHeight: 0, stableDigest: new Uint8Array(32), stableProof: sha3_256(NOTHING) };
    const body: ViewChangeBody = { view, ...stable, claims };
    const bytes = encode(viewChangeBodySchema, body);
    const signature = this.sign('view-change', view, 0, sha3_256(bytes));
    const message = {
      kind: 'view-change',
      epoch: 0,
      body: bytes,
      signature,
      stableCertificate: NOTHING,
      proofs,
    } as const;
    return { replica: this.liar, message, body };
  }

  private newView(view: number, chosen: readonly Left[]): Message {
    const plan = planOf(chosen.map(({ body }) => body));
    const proofs = plan.winners.map((winner) => {
      const claimed = chosen.flatMap(({ message }) => message.proofs);
      return claimed.find((proof) => equalBytes(proofDigest(proof), winner.proof)) as Proof;
    });
    const proposals = plan.winners.flatMap(({ decided, height, digest }) => {
      return decided ? [] : [{ height, digest, signature: this.sign('pre-prepare', view, height, digest) }];
    });
    const viewChanges = chosen.map(({ replica, message: { body, signature } }) => ({ replica, body, signature }));
    const body = encode(newViewBodySchema, { view, viewChanges, stableCertificate: NOTHING, proofs, proposals });
    const signature = this.sign('new-view', view, 0, sha3_256(body));
    return { kind: 'new-view', epoch: 0, body, signature };
  }
}

function voteMessage({ view, phase, digest, signature }: Vote): Message {
  const { payload } = VALUES.find((value) => equalBytes(value.digest, digest)) as (typeof VALUES)[number];
  const vote = { epoch: 0, view, height: 1, digest, signature };
  return phase === 'pre-prepare' ? { kind: phase, ...vote, payload } : { kind: phase, ...vote };
}

function votesIn(replica: number, message: Message): Vote[] {
  if (message.kind !== 'pre-prepare' && message.kind !== 'prepare' && message.kind !== 'commit') return [];
  const { kind: phase, view, digest, signature } = message;
  return [{ replica, view, phase, digest, signature }];
}

function leftFor(view: number, replica: number, message: Message): Left[] {
  if (message.kind !== 'view-change') return [];
  const body = readViewChangeBody(message.body);
  return body.ok && body.value.view === view ? [{ replica, message, body: body.value }] : [];
}

/** Every choice of `count` by different replicas, ascending. */
function choices(all: readonly Left[], count: number): readonly (readonly Left[])[] {
  if (count === 0) return [[]];
  return all.flatMap((one) => {
    const higher = all.filter(({ replica }) => replica > one.replica);
    return choices(higher, count - 1).map((rest) => [one, ...rest]);
  });
}
