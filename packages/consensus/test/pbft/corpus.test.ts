import { readdirSync, readFileSync } from 'node:fs';
import { fromHex, seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { decodeMessage, MESSAGE_KINDS } from '../../src/pbft/messages.ts';
import { type CorpusEntry, SCENES, type Scene } from './corpus/scenes.ts';

const FOLDER = new URL('./corpus/', import.meta.url);
const SOURCES = new URL('../../src/pbft/', import.meta.url);

function read(file: URL): string {
  return readFileSync(file, 'utf8');
}

const corpus = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name.slice(0, -5), JSON.parse(read(new URL(name, FOLDER))) as readonly CorpusEntry[]]),
);

const bytesOf = (hex: string) => fromHex(hex) as Uint8Array;

describe('the corpus', () => {
  test('has a file for each kind of message, with messages of that kind', () => {
    expect([...corpus.keys()].sort()).toEqual([...MESSAGE_KINDS].sort());
    for (const [kind, entries] of corpus) {
      expect([kind, entries.length > 0]).toEqual([kind, true]);
      for (const { hex } of entries) {
        const decoded = decodeMessage(bytesOf(hex));
        expect(decoded.ok && decoded.value.kind).toBe(kind);
      }
    }
  });

  /** Refusals whose cause is no single message, and the tests that bring them about. */
  const ELSEWHERE: Readonly<Record<string, string>> = {
    'above-last-height': './refusals.test.ts',
    'already-pending': './requests.test.ts',
    'below-epoch': './refusals.test.ts',
    'beyond-window': './normal-case.test.ts',
    muted: './fuzz.test.ts',
    'no-recall': './refusals.test.ts',
    'not-admitted': './refusals.test.ts',
    'own-key-elsewhere': './own-key.test.ts',
    'pool-full': './fuzz.test.ts',
    'stale-view': './refusals.test.ts',
    'too-large': './fuzz.test.ts',
    'unknown-sender': './fuzz.test.ts',
    'wrong-state': './refusals.test.ts',
  };

  test('reaches every reason that the code has, or another test does', () => {
    const reached = new Set([...corpus.values()].flat().map(({ reason }) => reason));
    const missing: string[] = [];
    for (const reason of reasons()) {
      const file = ELSEWHERE[reason];
      const there = file !== undefined && read(new URL(file, import.meta.url)).includes(`'${reason}'`);
      if (!reached.has(reason) && !there) missing.push(reason);
    }
    expect(missing).toEqual([]);
  });
});

/** Every reason in the sources: what is returned, refused or counted. */
function reasons(): Set<string> {
  const found = new Set<string>();
  for (const name of readdirSync(SOURCES)) {
    const text = read(new URL(name, SOURCES));
    for (const line of text.split('\n')) {
      if (!/\breturn\b|refuse\(|refused\(|PoolRefusal =/.test(line)) continue;
      for (const [, word] of line.matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)) if (word !== undefined) found.add(word);
    }
  }
  // Words in those lines that are no reasons: kinds of messages and of records, and whether the engine speaks.
  for (const word of [...MESSAGE_KINDS, 'all', 'batch', 'asking', 'free', 'silenced']) found.delete(word);
  return found;
}

describe.each([...corpus])('%s', (_kind, entries) => {
  test.each(entries.map((entry) => [entry.name, entry] as const))('%s', (_name, entry) => {
    const net = SCENES[entry.scene as Scene]();
    net.passes = () => false;
    for (const hex of entry.before) net.inject(entry.from, entry.to, bytesOf(hex));
    const before = net.refused[entry.to]?.length ?? 0;
    const journal = net.journals[entry.to]?.size ?? 0;
    net.inject(entry.from, entry.to, bytesOf(entry.hex));
    const refused = net.refused[entry.to]?.slice(before) ?? [];
    expect(refused.at(-1) ?? null).toBe(entry.reason);
    if (entry.reason === null) return;
    // Refused bytes leave nothing behind but the proof against a signer who lied.
    const proofs = net.evidence[entry.to]?.length ?? 0;
    expect((net.journals[entry.to]?.size ?? 0) - journal).toBeLessThanOrEqual(proofs);
  });
});

test('every message of the corpus, cut anywhere and with any byte changed, is refused or accepted, never thrown', () => {
  const random = seededRandom('corpus');
  for (const entries of corpus.values()) {
    const net = SCENES.running();
    net.passes = () => false;
    for (const { hex, from, to } of entries) {
      const bytes = bytesOf(hex);
      for (let i = 0; i < 12; i++) {
        const changed = bytes.slice(0, i % 3 === 0 ? random.below(bytes.length) : bytes.length);
        if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
        net.inject(from, to, changed);
      }
    }
    for (const reason of net.refused.flat()) expect(reason).toMatch(/^[a-z][a-z-]*$/);
    expect(net.heights()).toEqual([2, 2, 2, 2]);
    expect(net.engines.every(({ status }) => status.pending <= entries.length)).toBe(true);
  }
});
