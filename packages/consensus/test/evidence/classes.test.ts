import { decodeCanonical, encode, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Evidence, type EvidenceOf, encodeEvidence } from '../../src/evidence/schema.ts';
import { accusedOf, evidenceId, liars, readEvidence, verifyEvidence } from '../../src/index.ts';
import {
  decodeMessage,
  newViewBodySchema,
  proofSchema,
  type ViewChangeBody,
  viewChangeBodySchema,
} from '../../src/pbft/messages.ts';
import { type SignedStatement, type Statement, signStatement } from '../../src/quorum/statement.ts';
import { Lockstep } from '../cluster/lockstep.ts';
import { lie } from './lying.ts';

const LIAR = 1;

/** One batch committed at some, then a view change in which replica `LIAR` leads or follows. */
function changeView(net: Lockstep): void {
  net.passes = ({ to }, { kind }) => kind !== 'commit' || to === 2;
  net.propose(0, 7);
  net.drain();
  net.passes = () => true;
  net.crash(0);
  net.propose(3, 8);
  net.drain();
  for (let view = 0; view < 3; view++) {
    for (let self = 0; self < net.n; self++) net.timeOut(self);
    net.drain();
  }
}

/** Evidence of one class that the others found against the liar; fails where anybody else is accused. */
function found(net: Lockstep, name: string): Uint8Array {
  const { set } = net.keys;
  const all = net.evidence.flat().map((wire) => {
    const read = readEvidence(wire);
    const { replica } = read.ok ? accusedOf(read.value) : { replica: -1 };
    expect(replica).toBe(LIAR);
    const key = set.replicas[LIAR]?.key as Uint8Array;
    return { wire, facts: verifyEvidence(wire, key, set.chainId, { replicaSet: set }) };
  });
  for (const { facts } of all) expect(facts.ok).toBe(true);
  const one = all.find(({ facts }) => facts.ok && facts.value.class === name);
  expect(one).toBeDefined();
  return one?.wire ?? new Uint8Array(0);
}

function caught(liar: string, run: (net: Lockstep) => void, name: string): { net: Lockstep; wire: Uint8Array } {
  const net = new Lockstep(4, { checkpointInterval: 2 });
  lie(net, LIAR, liars[liar] as (typeof liars)[string]);
  run(net);
  return { net, wire: found(net, name) };
}

/** The later the primary that looks, the later it is found out: view 1 is the liar's own. */
const CLASSES = {
  'vote-against-lock': () => caught('forgetful', changeView, 'vote-against-lock'),
  'invalid-justification': () => caught('forged-justification', changeView, 'invalid-justification'),
  'state-mismatch': () =>
    caught(
      'bad-checkpoint',
      (net) => {
        for (let i = 1; i <= 4; i++) {
          net.propose(0, i);
          net.drain();
        }
      },
      'state-mismatch',
    ),
};

describe.each(Object.entries(CLASSES))('%s', (name, run) => {
  let net: Lockstep;
  let wire: Uint8Array;
  const verify = (bytes: Uint8Array, accused = LIAR, chainId = net.keys.set.chainId) => {
    const { set } = net.keys;
    return verifyEvidence(bytes, set.replicas[accused]?.key as Uint8Array, chainId, {
      replicaSet: { ...set, chainId },
    });
  };

  beforeAll(() => {
    ({ net, wire } = run());
  });

  test('its liar is convicted by replicas that it lied to, offline, and nobody else is accused', () => {
    expect(verify(wire)).toMatchObject({ ok: true, value: { class: name, accusedIndex: LIAR, epoch: 0 } });
    const facts = verify(wire);
    expect(facts.ok && facts.value.summary).toMatch(/^replica 1 signed .{20,200}$/);
    expect(wire.length).toBeLessThan(2048);
    expect(evidenceId(wire)).toMatch(/^[0-9a-f]{32}$/);
  });

  test('the honest agree in spite of it', () => {
    const [one, other] = [2, 3].map((self) => net.commits[self]?.map(({ payload }) => toHex(payload)) ?? []);
    const common = Math.min(one?.length ?? 0, other?.length ?? 0);
    expect(one?.length).toBeGreaterThan(0);
    expect(other?.slice(0, common)).toEqual(one?.slice(0, common));
  });

  test('it convicts no other replica, on no other chain, and no single byte of it can be changed', () => {
    expect(verify(wire, 2).ok).toBe(false);
    expect(verify(wire, LIAR, new Uint8Array(32)).ok).toBe(false);
    for (let at = 0; at < wire.length; at++) {
      const changed = wire.slice();
      changed[at] = (changed[at] as number) ^ 0x41;
      expect(verify(changed).ok).toBe(false);
    }
  });

  test('it is told again after a restart', () => {
    const self = net.evidence.findIndex((all) => all.includes(wire));
    const before = net.evidence[self]?.length ?? 0;
    net.crash(self);
    net.reboot(self);
    expect(net.evidence[self]?.length).toBeGreaterThan(before);
  });
});

function viewOf(kind: 'view-change' | 'new-view', body: Uint8Array): number {
  const decoded = decodeCanonical<{ readonly view: number }>(
    kind === 'view-change' ? viewChangeBodySchema : newViewBodySchema,
    body,
    { maxBytes: body.length },
  );
  return decoded.ok ? decoded.value.view : -1;
}

describe('what a correct replica may sign is no evidence', () => {
  const net = new Lockstep(4, { checkpointInterval: 2 });
  const { set, signers } = net.keys;
  const d = (fill: number) => new Uint8Array(32).fill(fill);

  function signed(replica: number, statement: Statement): SignedStatement {
    const signer = signers[replica] as (typeof signers)[number];
    return { replica, ...statement, signature: signStatement(signer, set.chainId, statement) };
  }

  function verdict(evidence: Evidence): string {
    const wire = encodeEvidence(evidence);
    const read = readEvidence(wire);
    if (!read.ok) return read.reason;
    const { replica } = accusedOf(read.value);
    const key = set.replicas[replica]?.key as Uint8Array;
    const verified = verifyEvidence(wire, key, set.chainId, { replicaSet: set });
    return verified.ok ? verified.value.class : verified.reason;
  }

  const lock = { epoch: 0, phase: 'commit', view: 2, height: 5, digest: d(1) } as const;
  const claim = { height: 5, view: 2, decided: false, digest: d(1), proof: d(9) };

  function change(body: Partial<ViewChangeBody>) {
    const whole = { view: 3, stableHeight: 0, stableDigest: d(0), stableProof: sha3_256(), claims: [claim], ...body };
    return { bytes: encode(viewChangeBodySchema, whole), view: whole.view };
  }

  function lockVerdict(body: Parameters<typeof change>[0], commit: Statement = lock): string {
    const { bytes, view } = change(body);
    const statement = { epoch: 0, phase: 'view-change', view, height: 0, digest: sha3_256(bytes) } as const;
    return verdict({ kind: 'forgotten-lock', commit: signed(1, commit), change: signed(1, statement), body: bytes });
  }

  test.each([
    ['nothing is claimed there', { claims: [] }],
    ['an earlier view is claimed', { claims: [{ ...claim, view: 1 }] }],
    ['another batch of that view is claimed', { claims: [{ ...claim, digest: d(2) }] }],
    ['a stable checkpoint lies below', { claims: [], stableHeight: 4 }],
  ])('against a lock: %s convicts', (_, body) => {
    expect(lockVerdict(body)).toBe('vote-against-lock');
  });

  test.each([
    ['the lock itself is claimed', {}],
    ['a later view is claimed, with another batch', { view: 5, claims: [{ ...claim, view: 4, digest: d(2) }] }],
    ['a decision is claimed, of any view', { claims: [{ ...claim, decided: true, view: 0, digest: d(2) }] }],
    ['a stable checkpoint covers it', { claims: [], stableHeight: 5 }],
    ['the view left for is the one of the commit', { view: 2, claims: [] }],
    ['the view left for is an earlier one', { view: 1, claims: [] }],
  ])('against a lock: %s does not', (_, body) => {
    expect(lockVerdict(body)).toBe('no-offence');
  });

  test('against a lock: neither a prepare, nor a commit of another epoch, nor a body that was not signed', () => {
    expect(lockVerdict({ claims: [] }, { ...lock, phase: 'prepare' })).toBe('no-offence');
    expect(lockVerdict({ claims: [] }, { ...lock, epoch: 1 })).toBe('no-conflict');
    const { bytes } = change({ claims: [] });
    const other = signed(1, { epoch: 0, phase: 'view-change', view: 3, height: 0, digest: d(4) });
    expect(verdict({ kind: 'forgotten-lock', commit: signed(1, lock), change: other, body: bytes })).toBe('wrong-body');
    const framed = signed(2, { epoch: 0, phase: 'view-change', view: 3, height: 0, digest: sha3_256(bytes) });
    expect(verdict({ kind: 'forgotten-lock', commit: signed(1, lock), change: framed, body: bytes })).toBe(
      'two-signers',
    );
  });

  test('real view-changes and new-views, with real proofs of each kind, are no invalid justifications', () => {
    const honest = new Lockstep(4, { checkpointInterval: 2 });
    const seen: {
      phase: 'view-change' | 'new-view';
      from: number;
      body: Uint8Array;
      parts: Uint8Array[];
      view: number;
    }[] = [];
    for (let self = 0; self < honest.n; self++)
      lie(honest, self, {
        name: 'watch',
        describe: 'watches',
        onSend(_context, effect) {
          const message = decodeMessage(effect.bytes);
          if (!message.ok) return [effect];
          const { value } = message;
          if (value.kind === 'view-change') {
            const parts = [value.stableCertificate, ...value.proofs.map((proof) => encode(proofSchema, proof))];
            seen.push({
              phase: 'view-change',
              from: self,
              body: value.body,
              parts,
              view: viewOf(value.kind, value.body),
            });
          } else if (value.kind === 'new-view' && viewOf(value.kind, value.body) % 4 === self) {
            seen.push({
              phase: 'new-view',
              from: self,
              body: value.body,
              parts: [],
              view: viewOf(value.kind, value.body),
            });
          }
          return [effect];
        },
      });
    for (let i = 1; i <= 3; i++) {
      honest.propose(0, i);
      honest.drain();
    }
    changeView(honest);
    expect(seen.filter(({ phase }) => phase === 'view-change').length).toBeGreaterThan(2);
    expect(seen.some(({ phase }) => phase === 'new-view')).toBe(true);
    expect(seen.some(({ parts }) => parts.length > 1)).toBe(true);
    for (const { phase, from, body, parts, view } of seen) {
      const statement = signed(from, { epoch: 0, phase, view, height: 0, digest: sha3_256(body) });
      for (const proof of [new Uint8Array(0), ...parts]) {
        expect(verdict({ kind: 'bad-justification', statement, body, proof })).toBe('no-offence');
      }
      const stray = verdict({ kind: 'bad-justification', statement, body, proof: Uint8Array.of(1) });
      expect(stray).toMatch(/^stray-proof$/);
    }
    expect(honest.evidence.flat()).toEqual([]);
  });

  test('a state mismatch needs a quorum for another state: its own state, or too few, convict nobody', () => {
    const wire = CLASSES['state-mismatch']().wire;
    const read = readEvidence(wire);
    const good = (read.ok ? read.value : undefined) as EvidenceOf<'state-mismatch'>;
    expect(verdict(good)).toBe('state-mismatch');
    const own = signed(LIAR, { ...good.checkpoint, digest: good.certified });
    expect(verdict({ ...good, checkpoint: own })).toBe('no-offence');
    expect(verdict({ ...good, certified: d(5) })).toBe('bad-certificate');
    const elsewhere = signed(LIAR, { ...good.checkpoint, height: good.checkpoint.height + 2 });
    expect(verdict({ ...good, checkpoint: elsewhere })).toBe('bad-certificate');
    const key = set.replicas[LIAR]?.key as Uint8Array;
    expect(verifyEvidence(wire, key, set.chainId)).toMatchObject({ reason: 'needs-replica-set' });
    const later = { ...set, epoch: 1 };
    expect(verifyEvidence(wire, key, set.chainId, { replicaSet: later })).toMatchObject({
      reason: 'wrong-replica-set',
    });
  });
});
