import { accept, type Random, refuse, seededRandom } from '@murmuration/core';
import { createIdentity, rotateOperationalKey } from '@murmuration/identity';
import { describe, expect, test } from 'vitest';
import { createAddressBook } from '../../src/discovery/address-book.ts';
import { createAddressRecord } from '../../src/discovery/address-record.ts';

const NOW_MS = 1_000_000_000;
const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };
const options = { nowMs: NOW_MS, validForMs: 1_000 };
const ADDRESS = '/ip4/127.0.0.1/tcp/4001';

/** Replayable, so that a failure is too. */
function entropyOf(random: Random) {
  return { bytes: (length: number) => Uint8Array.from({ length }, () => random.below(256)) };
}

const entropy = entropyOf(seededRandom('address-book'));
const own = createAddressRecord(createIdentity(entropy, options).identity, [ADDRESS], 1);
const { root, identity } = createIdentity(entropy, options);

function book(admit = () => accept(undefined) as ReturnType<typeof refuse> | ReturnType<typeof accept<void>>, max = 8) {
  return createAddressBook({ clock, admit, own }, max);
}

describe('address book', () => {
  test('keeps a record that its device signed', () => {
    const record = createAddressRecord(identity, [ADDRESS], 5);
    const added = book().add(record.bytes);
    expect(added).toMatchObject({ ok: true, value: { device: identity.device, addresses: [ADDRESS], sequence: 5 } });
  });

  test('a record with any flipped byte is refused', () => {
    const { bytes } = createAddressRecord(identity, [ADDRESS], 5);
    for (let at = 0; at < bytes.length; at += 37) {
      const tampered = bytes.slice();
      tampered[at] = (tampered[at] as number) ^ 1;
      expect(book().add(tampered).ok, `byte ${at}`).toBe(false);
    }
  });

  test('a record with the certificate of one device and the signature of another is refused', () => {
    const thief = createIdentity(entropy, options).identity;
    const forged = createAddressRecord({ ...identity, signer: thief.signer }, [ADDRESS], 9);
    expect(book().add(forged.bytes)).toMatchObject({ ok: false, reason: 'bad-signature' });
  });

  test('of one epoch the higher sequence stays, and a newer epoch beats any sequence', () => {
    const known = book();
    const next = rotateOperationalKey(entropy, root, identity, options);
    const sequences = () => [known.get(identity.device)?.certificate.epoch, known.get(identity.device)?.sequence];
    expect(known.add(createAddressRecord(identity, [ADDRESS], 5).bytes).ok).toBe(true);
    expect(known.add(createAddressRecord(identity, [ADDRESS], 5).bytes)).toMatchObject({ reason: 'stale-record' });
    expect(known.add(createAddressRecord(identity, [ADDRESS], 4).bytes)).toMatchObject({ reason: 'stale-record' });
    expect(known.add(createAddressRecord(identity, [ADDRESS], 6).bytes).ok).toBe(true);
    expect(known.add(createAddressRecord(next, [ADDRESS], 1).bytes).ok).toBe(true);
    expect(known.add(createAddressRecord(identity, [ADDRESS], 2 ** 50).bytes)).toMatchObject({
      reason: 'stale-record',
    });
    expect(sequences()).toEqual([1, 1]);
  });

  test('an expired certificate, a stranger that is not admitted and our own device are refused', () => {
    const expired = createIdentity(entropy, { nowMs: NOW_MS - 5_000, validForMs: 1 }).identity;
    expect(book().add(createAddressRecord(expired, [ADDRESS], 1).bytes)).toMatchObject({ reason: 'expired' });
    const closed = book(() => refuse('not-a-member'));
    expect(closed.add(createAddressRecord(identity, [], 1).bytes)).toMatchObject({ reason: 'not-a-member' });
    expect(book().add(own.bytes)).toMatchObject({ ok: false });
  });

  test('a full book takes no new device, yet goes on renewing those it has', () => {
    const full = book(undefined, 2);
    expect(full.add(createAddressRecord(identity, [ADDRESS], 1).bytes).ok).toBe(true);
    const late = createIdentity(entropy, options).identity;
    expect(full.add(createAddressRecord(late, [ADDRESS], 1).bytes)).toMatchObject({ reason: 'book-full' });
    expect(full.add(createAddressRecord(identity, [ADDRESS], 2).bytes).ok).toBe(true);
    expect(full.all()).toHaveLength(2);
  });

  test('bytes that are no record are a reason', () => {
    const random = seededRandom('noise');
    for (let round = 0; round < 500; round++) {
      const noise = Uint8Array.from({ length: random.below(400) }, () => random.below(256));
      expect(book().add(noise)).toMatchObject({ ok: false, reason: 'malformed-record' });
    }
    expect(book().add(new Uint8Array(300).fill(0x91))).toMatchObject({ ok: false, reason: 'malformed-record' });
  });
});
