/** A set of members as bits, lowest bit of the first byte first. */
export function toBitmap(members: Iterable<number>, size: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(size / 8));
  for (const member of members) bitmap[member >> 3] = (bitmap[member >> 3] as number) | (1 << (member & 7));
  return bitmap;
}

/** @returns the members, or undefined where length or trailing bits do not fit `size` */
export function fromBitmap(bitmap: Uint8Array, size: number): ReadonlySet<number> | undefined {
  if (bitmap.length !== Math.ceil(size / 8)) return undefined;
  const members = new Set<number>();
  for (let member = 0; member < bitmap.length * 8; member++) {
    if ((((bitmap[member >> 3] as number) >> (member & 7)) & 1) === 0) continue;
    if (member >= size) return undefined;
    members.add(member);
  }
  return members;
}
