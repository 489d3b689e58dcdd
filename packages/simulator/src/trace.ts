const MAX_LABELS = 4096;

/**
 * A running 128-bit fingerprint of everything that happened: two runs of one seed are compared by it. Four lanes
 * of MurmurHash3's mixing steps; tells runs apart, resists nobody.
 */
export class Trace {
  private readonly lanes = Uint32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef);
  private readonly labels = new Map<string, number>();
  private count = 0;

  /** Events recorded so far. */
  get length(): number {
    return this.count;
  }

  record(atMs: number, label: string, bytes?: Uint8Array): void {
    this.count += 1;
    this.mix(Math.floor(atMs * 1000) >>> 0);
    this.mix(this.numberOf(label));
    if (bytes !== undefined) this.mixBytes(bytes);
  }

  /** Hexadecimal. */
  get hash(): string {
    return [...this.lanes].map((lane) => finish(lane).toString(16).padStart(8, '0')).join('');
  }

  /** A hash of the label. Few labels make up most of a run, so theirs are remembered. */
  private numberOf(label: string): number {
    const known = this.labels.get(label);
    if (known !== undefined) return known;
    let h = 0x811c9dc5;
    for (let i = 0; i < label.length; i++) h = Math.imul(h ^ label.charCodeAt(i), 0x01000193);
    if (this.labels.size < MAX_LABELS) this.labels.set(label, h);
    return h;
  }

  private mixBytes(bytes: Uint8Array): void {
    this.mix(bytes.length);
    let word = 0;
    for (let i = 0; i < bytes.length; i++) {
      word = (word << 8) | (bytes[i] as number);
      if ((i & 3) === 3) this.mix(word);
    }
    this.mix(word);
  }

  private mix(word: number): void {
    const { lanes } = this;
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    for (let i = 0; i < 4; i++) {
      let h = (lanes[i] as number) ^ k;
      h = (h << (13 + i)) | (h >>> (19 - i));
      lanes[i] = Math.imul(h, 5) + 0xe6546b64 + (lanes[(i + 1) & 3] as number);
    }
  }
}

function finish(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
