// Writes the corpus anew: node --conditions=murmuration-src packages/consensus/test/pbft/corpus/write.ts
// A message whose encoding has changed is written again; what has once found something stays as an entry.
import { writeFileSync } from 'node:fs';
import { decodeCanonical, encode, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { encodeBatch } from '../../../src/index.ts';
import {
  decodeMessage,
  encodeMessage,
  MESSAGE_KINDS,
  type Message,
  type MessageOf,
  newViewBodySchema,
  viewChangeBodySchema,
} from '../../../src/pbft/messages.ts';
import { encodeCertificate } from '../../../src/quorum/certificate.ts';
import { type Phase, type SignedStatement, signStatement } from '../../../src/quorum/statement.ts';
import { NOW_MS } from '../../cluster/lockstep.ts';
import { type CorpusEntry, SCENES, type Scene, waiting } from './scenes.ts';

const entries: (CorpusEntry & { readonly kind: string })[] = [];
const { keys } = SCENES.fresh();
const d = (fill: number) => new Uint8Array(32).fill(fill);
const batchOf = (fill: number) => encodeBatch({ timeMs: NOW_MS, requests: [Uint8Array.of(fill)] });

interface Case {
  readonly scene?: Scene;
  readonly from?: number;
  readonly to?: number;
  readonly before?: readonly Message[];
  readonly reason: string | null;
}

function add(
  name: string,
  message: Message | Uint8Array,
  { scene = 'fresh', from = 0, to = 1, before = [], reason }: Case,
) {
  const bytes = message instanceof Uint8Array ? message : encodeMessage(message);
  const decoded = decodeMessage(bytes);
  const kind = decoded.ok ? decoded.value.kind : 'rubbish';
  const hexes = before.map((one) => toHex(encodeMessage(one)));
  entries.push({ kind, name, scene, from, to, before: hexes, hex: toHex(bytes), reason });
}

function sign(by: number, phase: Phase, place: { view: number; height: number; digest: Uint8Array }): Uint8Array {
  const signer = keys.signers[by] as (typeof keys.signers)[number];
  return signStatement(signer, keys.set.chainId, { epoch: 0, phase, ...place });
}

function proposal(by: number, { view = 0, height = 1, payload = batchOf(1) } = {}): MessageOf<'pre-prepare'> {
  const digest = sha3_256(payload);
  const place = { view, height, digest };
  return { kind: 'pre-prepare', epoch: 0, ...place, signature: sign(by, 'pre-prepare', place), payload };
}

function vote(by: number, kind: 'prepare' | 'commit', { view = 0, height = 1, digest = sha3_256(batchOf(1)) } = {}) {
  const place = { view, height, digest };
  return { kind, epoch: 0, ...place, signature: sign(by, kind, place) } as const;
}

function proposals(): void {
  const good = proposal(0);
  const bad = new Uint8Array(64);
  add('accepted', good, { reason: null });
  add('twice', good, { before: [good], reason: 'duplicate-proposal' });
  add('of a backup', proposal(2), { from: 2, reason: 'not-primary' });
  add('of a far view', proposal(0, { view: 8 }), { reason: 'future-view' });
  add('above the log window', proposal(0, { height: 9 + 128 }), { reason: 'above-watermark' });
  add('of a height that is over', proposal(0, { height: 1 }), { scene: 'running', reason: 'below-watermark' });
  add('of another payload', { ...good, digest: d(1) }, { reason: 'wrong-digest' });
  add('wrongly signed', { ...good, signature: bad }, { reason: 'bad-signature' });
  add('of another epoch', { ...good, epoch: 1 }, { reason: 'wrong-epoch' });
  add('of no batch', proposal(0, { payload: Uint8Array.of(1) }), { reason: 'bad-batch' });
  const large = encodeBatch({ timeMs: NOW_MS, requests: [new Uint8Array(600)] });
  add('with a request beyond the limit', proposal(0, { payload: large }), { reason: 'bad-batch' });
}

function votes(): void {
  for (const kind of ['prepare', 'commit'] as const) {
    const good = vote(2, kind);
    add('accepted', good, { from: 2, reason: null });
    add('twice', good, { from: 2, before: [good], reason: 'duplicate-vote' });
    add('of another epoch', { ...good, epoch: 3 }, { from: 2, reason: 'wrong-epoch' });
    add('of a far view', vote(2, kind, { view: 2 ** 40 }), { from: 2, reason: 'future-view' });
    add('of the last height there is', vote(2, kind, { height: 2 ** 50 }), { from: 2, reason: 'above-watermark' });
    add('of a height that is over', good, { scene: 'running', from: 2, reason: 'below-watermark' });
    const other = { ...vote(2, kind, { digest: d(5) }), signature: new Uint8Array(64) };
    add('a second one, wrongly signed', other, { from: 2, before: [good], reason: 'bad-signature' });
  }
  add('of the primary', vote(0, 'prepare'), { from: 0, reason: 'prepare-of-primary' });
}

function checkpoints(): void {
  const at = (by: number, height: number, digest: Uint8Array) => {
    const signature = sign(by, 'checkpoint', { view: 0, height, digest });
    return { kind: 'checkpoint', epoch: 0, height, digest, signature } as const;
  };
  add('accepted', at(2, 2, d(1)), { from: 2, reason: null });
  add('twice', at(2, 2, d(1)), { from: 2, before: [at(2, 2, d(1))], reason: 'duplicate-checkpoint' });
  add('between two', at(2, 3, d(1)), { from: 2, reason: 'no-checkpoint-height' });
  add('of another epoch', { ...at(2, 2, d(1)), epoch: 1 }, { from: 2, reason: 'wrong-epoch' });
  add('of two states', at(2, 2, d(2)), { from: 2, before: [at(2, 2, d(1))], reason: 'conflicting-checkpoint' });
  const spoilt = { ...at(2, 2, d(2)), signature: new Uint8Array(64) };
  add('of two states, wrongly signed', spoilt, { from: 2, before: [at(2, 2, d(1))], reason: 'bad-signature' });
  const none = encodeCertificate({ epoch: 0, view: 0, signatures: [] });
  const stable = { kind: 'stable', height: 4, digest: d(1), certificate: none } as const;
  add('without signatures', stable, { reason: 'bad-certificate' });
  add('with a certificate that is none', { ...stable, certificate: Uint8Array.of(1) }, { reason: 'bad-certificate' });
  add('of a height that is stable already', { ...stable, height: 2 }, { scene: 'running', reason: 'stale-checkpoint' });
}

function viewChanges(): void {
  const caught = new Map<number, MessageOf<'view-change'>>();
  const net = SCENES.fresh();
  net.passes = ({ from, bytes }, { kind }) => {
    const message = decodeMessage(bytes);
    if (kind === 'view-change' && message.ok) caught.set(from, message.value as MessageOf<'view-change'>);
    return kind !== 'commit' && kind !== 'view-change';
  };
  net.propose(0, 9);
  net.drain();
  net.timeOut(2);
  net.drain();
  const good = caught.get(2) as MessageOf<'view-change'>;
  const read = decodeCanonical(viewChangeBodySchema, good.body);
  if (!read.ok) throw new Error(read.reason);
  const resigned = (change: Partial<typeof read.value>, rest: Partial<typeof good> = {}) => {
    const value = { ...read.value, ...change };
    const body = encode(viewChangeBodySchema, value);
    const signature = sign(2, 'view-change', { view: value.view, height: 0, digest: sha3_256(body) });
    return { ...good, body, signature, ...rest };
  };
  const claims = read.value.claims;
  const from = 2;
  add('accepted', good, { from, reason: null });
  add('twice', good, { from, before: [good], reason: 'duplicate-view-change' });
  add('of another epoch', { ...good, epoch: 1 }, { from, reason: 'wrong-epoch' });
  add('wrongly signed', { ...good, signature: new Uint8Array(64) }, { from, reason: 'bad-signature' });
  add('with a body cut short', { ...good, body: good.body.subarray(0, 9) }, { from, reason: 'malformed' });
  add(
    'with another proof than it names',
    { ...good, stableCertificate: Uint8Array.of(1) },
    { from, reason: 'unbound-proof' },
  );
  add('with its proofs left out', { ...good, proofs: [] }, { from, reason: 'unbound-proof' });
  add('with one claim twice', resigned({ claims: [...claims, ...claims] }), { from, reason: 'unordered-claims' });
  const ahead = claims.map((claim) => ({ ...claim, view: 5 }));
  add('with a claim of a later view', resigned({ claims: ahead }), { from, reason: 'claim-of-future-view' });
  add('of an earlier view than before', good, { from, before: [resigned({ view: 7 })], reason: 'stale-view-change' });
  const none = resigned({ claims: [] }, { proofs: [] });
  add('two of one view', none, { from, before: [good], reason: 'conflicting-view-change' });
}

function newViews(): void {
  const announced = decodeMessage(waiting().announcement);
  if (!announced.ok || announced.value.kind !== 'new-view') throw new Error('no new-view');
  const good = announced.value;
  const read = decodeCanonical(newViewBodySchema, good.body, { maxBytes: good.body.length });
  if (!read.ok) throw new Error(read.reason);
  const body = read.value;
  const resigned = (change: Partial<typeof body>): MessageOf<'new-view'> => {
    const bytes = encode(newViewBodySchema, { ...body, ...change });
    const view = change.view ?? body.view;
    const signature = sign(view % 4, 'new-view', { view, height: 0, digest: sha3_256(bytes) });
    return { ...good, body: bytes, signature };
  };
  const at = { scene: 'waiting', from: 1, to: 2 } as const;
  const [first] = body.viewChanges as [(typeof body.viewChanges)[number]];
  add('accepted', good, { ...at, reason: null });
  add('twice', good, { ...at, before: [good], reason: 'duplicate-new-view' });
  add('of another epoch', { ...good, epoch: 1 }, { ...at, reason: 'wrong-epoch' });
  add('with a body cut short', { ...good, body: good.body.subarray(0, 40) }, { ...at, reason: 'malformed' });
  add('wrongly signed', { ...good, signature: new Uint8Array(64) }, { ...at, reason: 'bad-signature' });
  add('with one view-change less', resigned({ viewChanges: body.viewChanges.slice(1) }), {
    ...at,
    reason: 'no-quorum-of-view-changes',
  });
  add('with one view-change three times', resigned({ viewChanges: [first, first, first] }), {
    ...at,
    reason: 'unordered-signers',
  });
  add('with view-changes of another view', resigned({ view: 5 }), { ...at, reason: 'view-change-of-other-view' });
  add('with its proofs left out', resigned({ proofs: [] }), { ...at, reason: 'unproved-claim' });
  add('with its proposals left out', resigned({ proposals: [] }), { ...at, reason: 'wrong-proposals' });
  const unsigned = body.viewChanges.map((change) => ({ ...change, signature: new Uint8Array(64) }));
  add('with view-changes wrongly signed', resigned({ viewChanges: unsigned }), { ...at, reason: 'bad-signature' });
  const higher = body.viewChanges.map((change) => {
    const change2 = decodeCanonical(viewChangeBodySchema, change.body);
    if (!change2.ok) throw new Error(change2.reason);
    const bytes = encode(viewChangeBodySchema, { ...change2.value, stableHeight: 2, claims: [] });
    const signature = sign(change.replica, 'view-change', { view: 1, height: 0, digest: sha3_256(bytes) });
    return { replica: change.replica, body: bytes, signature };
  });
  add('on a checkpoint that nothing proves', resigned({ viewChanges: higher }), {
    ...at,
    reason: 'unproved-checkpoint',
  });
  add('a second one of its view', resigned({ proofs: [] }), { ...at, before: [good], reason: 'conflicting-new-view' });
  add('of a view that is over', resigned({ view: 1 }), {
    scene: 'moved',
    from: 1,
    to: 2,
    before: [],
    reason: 'duplicate-new-view',
  });
}

function unsigned(): void {
  const status = { kind: 'status', view: 0, changing: false, committed: 0, stable: 0, stalled: true } as const;
  add('accepted', status, { reason: null });
  add(
    'of the largest numbers',
    { ...status, view: Number.MAX_SAFE_INTEGER, committed: Number.MAX_SAFE_INTEGER },
    { reason: null },
  );
  add('of a payload that is not here', { kind: 'fetch', height: 1, digest: d(1) }, { reason: 'unknown-payload' });
  add('of a far height', { kind: 'fetch', height: 2 ** 50, digest: d(1) }, { reason: 'unknown-payload' });
  add('that nobody asked for', { kind: 'payload', height: 1, payload: batchOf(1) }, { reason: 'unwanted-payload' });
  const prepared = vote(2, 'prepare');
  const other = { kind: 'payload', height: 1, payload: batchOf(2) } as const;
  add('other than asked for', other, { from: 2, before: [prepared], reason: 'unwanted-payload' });
  const stamp = NOW_MS * 1024 + 10;
  const request = { kind: 'requests', stamp, again: false, requests: [Uint8Array.of(7)] } as const;
  add('accepted', request, { from: 2, reason: null });
  add('twice', request, { from: 2, before: [request], reason: 'replayed' });
  add('of yesterday', { ...request, stamp: (NOW_MS - 86_400_000) * 1024 }, { from: 2, reason: 'replayed' });
  add('of tomorrow', { ...request, stamp: (NOW_MS + 86_400_000) * 1024 }, { from: 2, reason: 'future-stamp' });
  add('too large', { ...request, requests: [new Uint8Array(600)] }, { from: 2, reason: 'request-too-large' });
  const known = { ...request, requests: [Uint8Array.of(1)] };
  add('of what is committed', known, { scene: 'running', from: 2, reason: 'already-committed' });
  const certificate = encodeCertificate({ epoch: 0, view: 0, signatures: [] });
  const decided = { kind: 'decided', height: 1, payload: batchOf(1), certificate } as const;
  add('without signatures', decided, { reason: 'bad-certificate' });
  add(
    'of another epoch',
    { ...decided, certificate: encodeCertificate({ epoch: 9, view: 0, signatures: [] }) },
    { reason: 'bad-certificate' },
  );
  add('of a height that is over', decided, { scene: 'running', reason: 'already-committed' });
  add('accepted', { kind: 'recall' }, { reason: null });
  const recall = { kind: 'recall' } as const;
  add('too often', recall, { before: [recall, recall, recall], reason: 'too-many-questions' });
  add('that nobody asked for', { kind: 'recalled', statements: [] }, { reason: 'unasked-recall' });
}

function witnesses(): void {
  const { kind, ...rest } = vote(2, 'prepare');
  const statement = { replica: 2, phase: kind, ...rest } as const;
  const witness = (change: Partial<SignedStatement>) => {
    return { kind: 'witness', statements: [{ ...statement, ...change }] } as MessageOf<'witness'>;
  };
  add('accepted', witness({}), { from: 3, reason: null });
  add('twice', witness({}), { from: 3, before: [witness({})], reason: 'duplicate-vote' });
  add('of nobody', witness({ replica: 9 }), { from: 3, reason: 'unknown-signer' });
  add('of another epoch', witness({ epoch: 4 }), { from: 3, reason: 'wrong-epoch' });
  add('of a view-change', witness({ phase: 'view-change' }), { from: 3, reason: 'no-witness' });
  add('wrongly signed', witness({ signature: new Uint8Array(64) }), { from: 3, reason: 'bad-signature' });
  add('of a height that is over', witness({}), { scene: 'running', from: 3, reason: 'below-watermark' });
  const { digest, payload: _, kind: phase, ...proposed } = proposal(0);
  const said = { kind: 'witness', statements: [{ replica: 0, phase, digest, ...proposed }] } as const;
  add('of the proposal that is known', said, { from: 3, before: [said], reason: 'duplicate-proposal' });
  const backup = { replica: 2, phase: 'pre-prepare', epoch: 0, view: 0, height: 1, digest } as const;
  const signature = sign(2, 'pre-prepare', { view: 0, height: 1, digest });
  add(
    'of a backup that proposes',
    { kind: 'witness', statements: [{ ...backup, signature }] },
    { from: 3, reason: 'not-primary' },
  );
}

for (const part of [proposals, votes, checkpoints, viewChanges, newViews, unsigned, witnesses]) part();
for (const kind of MESSAGE_KINDS) {
  const own = entries.filter((entry) => entry.kind === kind).map(({ kind: _, ...entry }) => entry);
  writeFileSync(new URL(`./${kind}.json`, import.meta.url), `${JSON.stringify(own, null, 2)}\n`);
}
