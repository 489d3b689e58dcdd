/** Five holders make a key that nobody knows, any three of them sign with it, and who cheats is named. */
import { toHex, utf8 } from '@murmuration/core';
import {
  combineShares,
  createNonces,
  type DkgSharing,
  ed25519Verify,
  type SecretShare,
  signShare,
  startDkg,
  type ThresholdGroup,
} from '@murmuration/crypto';
import { systemEntropy } from '@murmuration/node';

const [THRESHOLD, SIZE] = [3, 5];
const DOMAIN = 'example/threshold-signature';
const message = utf8('release 1.0 of the model');

/** In step: everyone broadcasts, everyone sends each other a share, everyone finishes. */
function generateKey(): { readonly group: ThresholdGroup; readonly shares: readonly SecretShare[] } {
  const starts = Array.from({ length: SIZE }, (_, i) => startDkg(i + 1, THRESHOLD, SIZE, systemEntropy));
  const sharings: DkgSharing[] = starts.map((start, self) => {
    const received = start.receive(starts.filter((_, i) => i !== self).map(({ broadcast }) => broadcast));
    if (!received.ok) throw new Error(`${received.reason} by ${received.cheaters.join(', ')}`);
    return received.value;
  });
  const transcripts = new Set(sharings.map(({ transcript }) => toHex(transcript)));
  console.log(`all ${SIZE} heard the same broadcasts: ${transcripts.size === 1}`);
  const results = sharings.map((sharing, self) => {
    const others = sharings.flatMap((from, i) => (i === self ? [] : [[i + 1, from.shares.get(self + 1)] as const]));
    const mine = new Map(others.flatMap(([holder, share]) => (share === undefined ? [] : [[holder, share]])));
    if (self === 0) accuse(sharing, mine);
    const finished = sharing.finish(mine);
    if (!finished.ok) throw new Error(`${finished.reason} by ${finished.cheaters.join(', ')}`);
    return finished.value;
  });
  const [first] = results;
  if (first === undefined) throw new Error('a group has holders');
  return { group: first.group, shares: results.map(({ share }) => share) };
}

/** Holder 4 sends holder 1 a share that is not on its polynomial: holder 1 knows by its commitments. */
function accuse(sharing: DkgSharing, shares: ReadonlyMap<number, Uint8Array>): void {
  const refused = sharing.finish(new Map([...shares, [4, spoil(shares.get(4))]]));
  if (!refused.ok) console.log(`a wrong share in the key generation: ${refused.reason}, by holder ${refused.cheaters}`);
}

function spoil(bytes: Uint8Array = new Uint8Array(32)): Uint8Array {
  const spoiled = Uint8Array.from(bytes);
  spoiled[0] = (spoiled[0] as number) ^ 1;
  return spoiled;
}

function sign(group: ThresholdGroup, signers: readonly SecretShare[], cheater?: number) {
  const nonces = signers.map((share) => createNonces(share, systemEntropy));
  const set = { group, commitments: nonces.map(({ commitment }) => commitment), domain: DOMAIN, message };
  const sent = new Map<number, Uint8Array>();
  for (const [i, share] of signers.entries()) {
    const pair = nonces[i];
    const signed = pair && signShare(set, share, pair);
    if (!signed?.ok) continue;
    // A device writes `signed.value.usedNonces` to its disk here: a pair that signs twice gives the share away.
    const released = signed.value.releaseOnceDurable();
    sent.set(share.holder, share.holder === cheater ? spoil(released) : released);
  }
  return combineShares(set, sent);
}

const { group, shares } = generateKey();
console.log(`public key of the group: ${toHex(group.publicKey)}\n`);

for (const holders of [
  [1, 2, 3],
  [2, 4, 5],
]) {
  const signature = sign(
    group,
    shares.filter(({ holder }) => holders.includes(holder)),
  );
  const verdict = signature.ok && ed25519Verify(DOMAIN, message, signature.value, group.publicKey);
  console.log(`holders ${holders.join(', ')} sign; an ordinary Ed25519 verification says ${verdict}`);
}
const spoiled = sign(group, shares.slice(0, 3), 2);
if (!spoiled.ok) console.log(`holders 1, 2, 3, of whom 2 cheats: ${spoiled.reason}, named: ${spoiled.cheaters}`);
const few = sign(group, shares.slice(0, 2));
if (!few.ok) console.log(`holders 1, 2: ${few.reason} (${few.detail})`);
