/** Arrays within arrays. The deepest wire object here has 8; the decoder recurses once for each. */
export const MAX_DEPTH = 32;

/**
 * Whether `wire` is exactly one MessagePack value made of null, booleans, numbers, text, byte strings and
 * arrays, at most `MAX_DEPTH` deep. Reads headers only, never recurses, allocates nothing by a length that
 * a peer wrote.
 *
 * The decoder behind it knows more: maps, records, pointers, regular expressions, typed arrays, code that it
 * generates for records. None of these reaches it.
 */
export function isPlainMessagePack(wire: Uint8Array): boolean {
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  /** Values still to come, one count for each open array; a value at the top is one. */
  const open = [1];
  let at = 0;
  while (open.length > 0) {
    const left = open.length - 1;
    if (open[left] === 0) {
      open.pop();
      continue;
    }
    open[left] = (open[left] as number) - 1;
    const items = arrayLength(view, at);
    const end = at + (items === undefined ? scalarBytes(view, at) : headerBytes(wire[at] as number));
    // A refused scalar has no size, so the comparison fails for NaN too. Every item takes a byte at least.
    if (!(end <= wire.length) || (items ?? 0) > wire.length - end) return false;
    at = end;
    if (items === undefined) continue;
    if (open.length > MAX_DEPTH) return false;
    open.push(items);
  }
  return at === wire.length;
}

/** Items of the array that starts at `at`, or undefined where none does. */
function arrayLength(view: DataView, at: number): number | undefined {
  const first = byteAt(view, at);
  if (first >= 0x90 && first <= 0x9f) return first & 0x0f;
  if (first === 0xdc) return lengthAt(view, at + 1, 2);
  if (first === 0xdd) return lengthAt(view, at + 1, 4);
  return undefined;
}

function headerBytes(first: number): number {
  return first === 0xdc ? 3 : first === 0xdd ? 5 : 1;
}

/** Size of the scalar that starts at `at`, header included; NaN for what may not travel. */
function scalarBytes(view: DataView, at: number): number {
  const first = byteAt(view, at);
  if (first <= 0x7f || first >= 0xe0) return 1; // small integers
  if (first >= 0xa0 && first <= 0xbf) return 1 + (first & 0x1f); // short text
  switch (first) {
    case 0xc0: // null
    case 0xc2: // false
    case 0xc3: // true
      return 1;
    case 0xc4: // byte strings
    case 0xd9: // text
      return 2 + lengthAt(view, at + 1, 1);
    case 0xc5:
    case 0xda:
      return 3 + lengthAt(view, at + 1, 2);
    case 0xc6:
    case 0xdb:
      return 5 + lengthAt(view, at + 1, 4);
    case 0xcc: // integers of 1, 2, 4 and 8 bytes
    case 0xd0:
      return 2;
    case 0xcd:
    case 0xd1:
      return 3;
    case 0xca: // float32
    case 0xce:
    case 0xd2:
      return 5;
    case 0xcb: // float64
    case 0xcf:
    case 0xd3:
      return 9;
    default: // maps, extensions, 0xc1, the end of the bytes
      return Number.NaN;
  }
}

function byteAt(view: DataView, at: number): number {
  return at < view.byteLength ? view.getUint8(at) : Number.NaN;
}

/** A length of `bytes` bytes, big-endian; NaN past the end. */
function lengthAt(view: DataView, at: number, bytes: 1 | 2 | 4): number {
  if (at + bytes > view.byteLength) return Number.NaN;
  return bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at) : view.getUint32(at);
}
