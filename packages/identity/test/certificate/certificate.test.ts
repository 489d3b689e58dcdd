import { concatBytes, decode, encode, equalBytes, type Result, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import {
  type DeviceCertificate,
  type SignedCertificate,
  signedCertificate,
} from '../../src/certificate/certificate.ts';
import { signCertificate } from '../../src/certificate/issue.ts';
import { openCertificate } from '../../src/certificate/read.ts';
import {
  checkValidity,
  createOperationalKey,
  issueCertificate,
  MAX_CERTIFICATE_BYTES,
  readCertificate,
} from '../../src/index.ts';
import { DAY_MS, deviceWithChain, flipped, NOW_MS, replayedEntropy } from '../fixtures.ts';

const { root, links } = deviceWithChain('certificate', 2);
const [first, second] = links as [(typeof links)[0], (typeof links)[0]];
const stranger = deviceWithChain('stranger', 2);
const strangersFirst = stranger.links[0] as (typeof links)[0];

function reasonOf(result: Result<unknown>): string {
  return result.ok ? 'accepted' : result.reason;
}

function opened(bytes: Uint8Array): { certificate: DeviceCertificate; signed: SignedCertificate } {
  const parts = openCertificate(bytes);
  if (!parts.ok) throw new Error(parts.reason);
  return parts.value;
}

const content = opened(first.certificate).certificate;

/** Signed by the right keys, whatever it says. */
function resigned(change: Partial<DeviceCertificate>): Uint8Array {
  return signCertificate(root, { ...content, ...change }, first.operationalKey);
}

/** The signatures of `first` around other parts. */
function repacked(change: Partial<SignedCertificate>): Uint8Array {
  return encode(signedCertificate, { ...opened(first.certificate).signed, ...change });
}

test('a certificate reads back as issued, with the digest of its bytes', () => {
  const read = readCertificate(first.certificate);
  expect(read).toMatchObject({
    ok: true,
    value: { device: root.device, epoch: 0, notBeforeMs: NOW_MS, notAfterMs: NOW_MS + DAY_MS, attestation: null },
  });
  if (!read.ok) return;
  expect(toHex(read.value.key)).toBe(toHex(first.operationalKey.publicKey));
  expect(read.value.capabilities).toEqual(['replica']);
  expect(toHex(read.value.digest)).toBe(toHex(sha3_256(first.certificate)));
});

test('capabilities have one encoding: sorted, each once', () => {
  const issue = (capabilities: string[]) =>
    issueCertificate(root, { ...validity, operationalKey: first.operationalKey, capabilities });
  expect(equalBytes(issue(['b', 'a', 'b']), issue(['a', 'b']))).toBe(true);
});

const validity = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + DAY_MS };

describe('malformed certificates', () => {
  test('every truncation is refused', () => {
    for (let length = 0; length < first.certificate.length; length += length < 64 ? 1 : 97) {
      expect(reasonOf(readCertificate(first.certificate.subarray(0, length)))).toMatch(/^(malformed|wrong-shape)$/);
    }
  });

  test('bytes after the end, an oversized object and hostile MessagePack are refused', () => {
    expect(reasonOf(readCertificate(concatBytes(first.certificate, Uint8Array.of(0xc0))))).toBe('malformed');
    expect(reasonOf(readCertificate(new Uint8Array(MAX_CERTIFICATE_BYTES + 1)))).toBe('too-large');
    for (const byte of [0x00, 0x91, 0xc0, 0xc1, 0xdd, 0x81, 0xff]) {
      expect(readCertificate(new Uint8Array(300).fill(byte)).ok).toBe(false);
    }
  });

  test('a certificate with every optional part at its limit still fits', () => {
    const capabilities = Array.from({ length: 32 }, (_, i) => `${String(i).padStart(2, '0')}${'x'.repeat(62)}`);
    const attestation = new Uint8Array(1024).fill(7);
    const fields = { ...validity, operationalKey: second.operationalKey, capabilities, attestation };
    const large = issueCertificate(root, fields, first);
    expect(large.length).toBeLessThanOrEqual(MAX_CERTIFICATE_BYTES);
    expect(reasonOf(readCertificate(large))).toBe('accepted');
  });

  test('a flipped bit anywhere is refused', () => {
    for (let at = 0; at < first.certificate.length; at += 13) {
      expect([at, readCertificate(flipped(first.certificate, at, 1 << (at % 8))).ok]).toEqual([at, false]);
    }
  });

  test('the same content in other MessagePack bytes is refused as not canonical', () => {
    const { signed } = opened(first.certificate);
    expect(first.certificate[0]).toBe(0x94);
    // array16 where fixarray would do
    const padded = concatBytes(Uint8Array.of(0xdc, 0x00, 0x04), first.certificate.subarray(1));
    expect(reasonOf(readCertificate(padded))).toBe('not-canonical');
    expect(decode(signedCertificate, padded).ok).toBe(true);
    const body = concatBytes(Uint8Array.of(0xdc, 0x00, 0x0b), signed.body.subarray(1));
    expect(reasonOf(readCertificate(repacked({ body })))).toBe('not-canonical');
  });
});

describe('a changed field breaks the root signature, and a signed lie has its own reason', () => {
  const weakKey = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
  const uncanonicalKey = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 0x7f : 0xff));
  const cases: [string, Partial<DeviceCertificate>, string][] = [
    ['another device id', { device: stranger.root.device }, 'wrong-device'],
    ['another Ed25519 root', { rootEd25519: stranger.root.publicKey.ed25519 }, 'wrong-device'],
    ['another ML-DSA-65 root', { rootMlDsa65: stranger.root.publicKey.mlDsa65 }, 'wrong-device'],
    ['an epoch above 0 without a link', { epoch: 1 }, 'bad-link'],
    ['a link at epoch 0', { previous: new Uint8Array(32) }, 'bad-link'],
    ['a link without continuity signature', { epoch: 1, previous: new Uint8Array(32) }, 'bad-link'],
    ['a key that the signer does not hold', { key: second.operationalKey.publicKey }, 'bad-possession'],
    ['a key of small order', { key: weakKey }, 'invalid-key'],
    ['the identity key with its sign bit', { key: flipped(weakKey, 31, 0x80) }, 'invalid-key'],
    ['a key that is not canonical', { key: uncanonicalKey }, 'invalid-key'],
    ['an empty validity', { notAfterMs: NOW_MS }, 'bad-validity'],
    ['a validity turned round', { notBeforeMs: NOW_MS + 2 * DAY_MS }, 'bad-validity'],
    ['capabilities out of order', { capabilities: ['b', 'a'] }, 'bad-capabilities'],
    ['a capability twice', { capabilities: ['a', 'a'] }, 'bad-capabilities'],
    ['a capability with a space', { capabilities: ['a b'] }, 'bad-capabilities'],
    ['an empty capability', { capabilities: [''] }, 'bad-capabilities'],
  ];
  test.each(cases)('%s', (_, change, reason) => {
    expect(reasonOf(readCertificate(resigned(change)))).toBe(reason);
  });

  test.each<[string, Partial<DeviceCertificate>]>([
    ['epoch', { epoch: 2 ** 53 }],
    ['negative epoch', { epoch: -1 }],
    ['fractional time', { notBeforeMs: 0.5 }],
    ['33-byte key', { key: new Uint8Array(33) }],
    ['1951-byte root', { rootMlDsa65: new Uint8Array(1951) }],
    ['33 capabilities', { capabilities: Array.from({ length: 33 }, (_, i) => `a${String(i).padStart(2, '0')}`) }],
    ['attestation above its limit', { attestation: new Uint8Array(1025) }],
  ])('a field outside its range has the wrong shape: %s', (_, change) => {
    expect(reasonOf(readCertificate(resigned(change)))).toBe('wrong-shape');
  });

  test('a new body under the old signatures', () => {
    const { signed } = opened(resigned({ notAfterMs: NOW_MS + 365 * DAY_MS }));
    expect(reasonOf(readCertificate(repacked({ body: signed.body })))).toBe('bad-root-signature');
  });
});

describe('signatures of the wrong kind', () => {
  const theirs = signCertificate(stranger.root, content, strangersFirst.operationalKey);

  test("another device's root signature, and another device's possession", () => {
    const { signed } = opened(theirs);
    expect(reasonOf(readCertificate(repacked({ root: signed.root })))).toBe('bad-root-signature');
    expect(reasonOf(readCertificate(repacked({ possession: signed.possession })))).toBe('bad-possession');
  });

  test('swapped halves, and either half from elsewhere', () => {
    const own = opened(first.certificate).signed.root;
    const other = opened(theirs).signed.root;
    const halves = (bytes: Uint8Array) => [bytes.subarray(0, 64), bytes.subarray(64)] as const;
    const [classical, postQuantum] = halves(own);
    const [otherClassical, otherPostQuantum] = halves(other);
    for (const mixed of [
      concatBytes(postQuantum, classical),
      concatBytes(otherClassical, postQuantum),
      concatBytes(classical, otherPostQuantum),
    ]) {
      expect(reasonOf(readCertificate(repacked({ root: mixed })))).toBe('bad-root-signature');
    }
  });

  test('a continuity signature at epoch 0', () => {
    const { possession } = opened(first.certificate).signed;
    expect(reasonOf(readCertificate(repacked({ continuity: possession })))).toBe('bad-link');
  });
});

describe('validity', () => {
  const window = { notBeforeMs: 1000, notAfterMs: 2000 };
  test.each([
    [999, 'not-yet-valid'],
    [1000, 'accepted'],
    [1999, 'accepted'],
    [2000, 'expired'],
    [Number.POSITIVE_INFINITY, 'expired'],
    [Number.NaN, 'expired'],
    [Number.NEGATIVE_INFINITY, 'not-yet-valid'],
  ])('at %d ms of 1000 to 2000: %s', (nowMs, reason) => {
    expect(reasonOf(checkValidity(window, nowMs))).toBe(reason);
  });
});

describe('issuing', () => {
  const operationalKey = createOperationalKey(replayedEntropy('issuing'));
  const fields = { ...validity, operationalKey };

  test.each<[string, Partial<typeof fields> & { capabilities?: string[]; attestation?: Uint8Array }]>([
    ['no whole milliseconds', { notBeforeMs: 0.5 }],
    ['before 1970', { notBeforeMs: -1 }],
    ['an end before the start', { notAfterMs: 0 }],
    ['an upper-case capability', { capabilities: ['Replica'] }],
    ['33 capabilities', { capabilities: Array.from({ length: 33 }, (_, i) => `c${i}`) }],
    ['a capability of 65 characters', { capabilities: ['c'.repeat(65)] }],
    ['an attestation above 1024 bytes', { attestation: new Uint8Array(1025) }],
  ])('fields that no reader would accept are refused: %s', (_, change) => {
    const issue = () => issueCertificate(root, { ...fields, ...change });
    expect(issue).toThrow(expect.objectContaining({ code: 'IDENTITY_BAD_FIELDS' }));
  });

  test.each<[string, () => unknown]>([
    ['damaged', () => issueCertificate(root, fields, { ...first, certificate: flipped(first.certificate, 50) })],
    ["another device's", () => issueCertificate(root, fields, strangersFirst)],
    ['for another key', () => issueCertificate(root, fields, { ...first, operationalKey: second.operationalKey })],
    ['for the same key', () => issueCertificate(root, { ...fields, operationalKey: first.operationalKey }, first)],
  ])('a previous certificate that cannot be followed is refused: %s', (_, issue) => {
    expect(issue).toThrow(expect.objectContaining({ code: 'IDENTITY_BAD_PREVIOUS' }));
  });

  test('without a hedge the same fields give the same bytes; with one they differ and read', () => {
    const plain = issueCertificate(root, fields);
    expect(equalBytes(plain, issueCertificate(root, fields))).toBe(true);
    const hedged = issueCertificate(root, { ...fields, hedge: new Uint8Array(32).fill(1) });
    expect(equalBytes(plain, hedged)).toBe(false);
    expect(reasonOf(readCertificate(hedged))).toBe('accepted');
  });
});
