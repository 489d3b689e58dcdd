import {
  bytes,
  type DeviceId,
  decode,
  deviceId,
  encode,
  equalBytes,
  type Infer,
  MurmurError,
  type Store,
  struct,
  text,
  toHex,
  uint,
  utf8,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';

const KEY = 'store/owner';
/** How this version writes blocks, snapshots and votes. Another one is refused, never guessed at. */
const FORMAT = 'murmuration-store/2';
const ID_BYTES = 16;

const ownerSchema = struct({
  format: text(64),
  chainId: bytes(32),
  device: deviceId,
  /** Tells this store from every other one of the same device. */
  id: bytes(ID_BYTES),
  sinceMs: uint,
});

/** Whose a store is, for life. */
export type StoreOwner = Infer<typeof ownerSchema>;

export interface Claim {
  readonly chainId: Uint8Array;
  readonly device: DeviceId;
  readonly nowMs: number;
}

/** @returns undefined for a store that nobody has claimed yet */
export async function readOwner(store: Store): Promise<StoreOwner | undefined> {
  const value = await store.get(KEY);
  if (value === undefined) return undefined;
  const owner = decode(ownerSchema, value);
  if (owner.ok) return owner.value;
  throw otherFormat(`its owner cannot be read: ${owner.reason}`);
}

/**
 * Makes an empty store this device's on this chain, or checks that it is. Nothing is written into another one's.
 * @throws STORE_OTHER_FORMAT, STORE_OTHER_CHAIN, STORE_OTHER_DEVICE
 */
export async function claimStore(store: Store, { chainId, device, nowMs }: Claim): Promise<StoreOwner> {
  const owner = await readOwner(store);
  if (owner !== undefined) return checked(owner, chainId, device);
  for (const prefix of ['block/', 'engine/', 'snapshot']) {
    const [found] = await store.scan(prefix, { limit: 1 });
    if (found !== undefined) throw otherFormat(`it holds ${found.key} of an earlier version`);
  }
  const id = sha3_256(utf8(`${device}/${nowMs}`), chainId).slice(0, ID_BYTES);
  const claimed = { format: FORMAT, chainId, device, id, sinceMs: nowMs };
  // Not synced: the first vote is, and everything before it with it.
  await store.write([{ key: KEY, value: encode(ownerSchema, claimed) }], { durable: false });
  return claimed;
}

/** Makes the claim durable, for whoever remembers it elsewhere. */
export async function keepClaim(store: Store, owner: StoreOwner): Promise<void> {
  await store.write([{ key: KEY, value: encode(ownerSchema, owner) }]);
}

function checked(owner: StoreOwner, chainId: Uint8Array, device: DeviceId): StoreOwner {
  if (owner.format !== FORMAT) throw otherFormat(`it is in the format ${owner.format}, this version writes ${FORMAT}`);
  if (!equalBytes(owner.chainId, chainId)) {
    throw new MurmurError({
      code: 'STORE_OTHER_CHAIN',
      message: `the store belongs to the chain ${short(owner.chainId)}, and this device is on ${short(chainId)}`,
      remedy: 'put back the store of this chain, or start the device in the home that this store came from',
    });
  }
  if (owner.device === device) return owner;
  throw new MurmurError({
    code: 'STORE_OTHER_DEVICE',
    message: `the store belongs to ${owner.device}, and this device is ${device}`,
    remedy: 'put back the store of this device: with the votes of another one it would contradict itself',
  });
}

function short(chainId: Uint8Array): string {
  return `${toHex(chainId.subarray(0, 6))}…`;
}

function otherFormat(why: string): MurmurError {
  return new MurmurError({
    code: 'STORE_OTHER_FORMAT',
    message: `the store is of another version: ${why}`,
    remedy: 'run the version that wrote it, or move it away and let the device join as a new one',
  });
}
