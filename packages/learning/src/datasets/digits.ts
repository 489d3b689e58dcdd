import { checkInteger, type Random, seededRandom, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type Dataset, majorityShare, type SplitDataset } from './dataset.ts';
import { DIGIT_STROKES, type Point } from './digit-strokes.ts';

export interface DigitsOptions {
  /** Images to learn from, 1 to 1,000,000. */
  readonly train: number;
  /** Images held back, 1 to 100,000. */
  readonly test: number;
  readonly seed: number;
}

export const defaultDigitsOptions: DigitsOptions = { train: 7000, test: 1500, seed: 1 };

const SIDE = 28;
const PIXELS = SIDE * SIDE;
/** Strokes are drawn on a grid of 16 units a pixel; every number below is in these units. */
const UNIT = 16;
const WIDTH = SIDE * UNIT;
/** Where the ink of a stroke of radius r ends: r plus this. */
const SOFT_EDGE = 14;

/**
 * Images of digits, 28 × 28 bytes, drawn as strokes that are bent, slanted, turned, shrunk and shifted, with
 * a stray stroke and noise on top. Image i is a function of (seed, i) in integer arithmetic: equal bytes on
 * every machine. Test images are those that follow the training images.
 * @throws OPTION_OUT_OF_RANGE
 */
export function generateDigits(options: DigitsOptions = defaultDigitsOptions): SplitDataset {
  const trainSize = checkInteger('train', options.train, 1, 1_000_000);
  const testSize = checkInteger('test', options.test, 1, 100_000);
  const train = digitRange(options.seed, 0, trainSize);
  const test = digitRange(options.seed, trainSize, testSize);
  const digest = sha3_256(train.pixels, Uint8Array.from(train.data.labels), test.pixels);
  return {
    train: train.data,
    test: test.data,
    manifest: {
      kind: 'digits',
      digest: toHex(digest),
      samples: trainSize + testSize,
      majorityBaseline: majorityShare(test.data),
      versions: {},
      notes: [`drawn with seed ${options.seed}`],
    },
  };
}

/** @returns the image at `index`: its digit and 784 bytes, row by row, 0 is paper and 255 ink */
export function drawDigit(seed: number, index: number): { label: number; pixels: Uint8Array } {
  const random = seededRandom(`digit/${seed}/${index}`);
  const label = random.below(10);
  const place = placement(random);
  const radius = 12 + random.below(18);
  const pixels = new Uint8Array(PIXELS);
  for (const stroke of DIGIT_STROKES[label] as readonly (readonly Point[])[]) {
    const points = stroke.map(([x, y]) => place([x + jitter(random, 10), y + jitter(random, 10)]));
    for (let i = 1; i < points.length; i++) drawSegment(pixels, points[i - 1] as Point, points[i] as Point, radius);
  }
  if (random.below(2) === 0) drawStray(pixels, random);
  addNoise(pixels, random);
  return { label, pixels };
}

function digitRange(seed: number, from: number, size: number): { data: Dataset; pixels: Uint8Array } {
  const values = new Uint8Array(size * PIXELS);
  const labels = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const { label, pixels } = drawDigit(seed, from + i);
    labels[i] = label;
    values.set(pixels, i * PIXELS);
  }
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  const features = { kind: 'bytes', values, scale: 1 / 255 } as const;
  return { data: { features, labels, classes, dimension: PIXELS, size }, pixels: values };
}

/** Uniform integer in [−reach, reach]. */
function jitter(random: Random, reach: number): number {
  return random.below(2 * reach + 1) - reach;
}

/** @returns a random affine map from the 100 × 100 box of the strokes to the grid */
function placement(random: Random): (point: Point) => Point {
  const wide = 150 + random.below(110);
  const high = 210 + random.below(110);
  const slant = jitter(random, 40);
  const turn = jitter(random, 50);
  const shiftX = (WIDTH >> 1) + jitter(random, 56);
  const shiftY = (WIDTH >> 1) + jitter(random, 48);
  return ([x, y]) => {
    const centredX = x - 50;
    const centredY = y - 50;
    return [
      shiftX + Math.floor((centredX * wide - centredY * slant) / 100) - Math.floor((centredY * turn) / 100),
      shiftY + Math.floor((centredY * high) / 100) + Math.floor((centredX * turn) / 100),
    ];
  };
}

/** A short thin stroke that belongs to no digit. */
function drawStray(pixels: Uint8Array, random: Random): void {
  const from: Point = [random.below(WIDTH), random.below(WIDTH)];
  const to: Point = [from[0] + jitter(random, 120), from[1] + jitter(random, 120)];
  drawSegment(pixels, from, to, 8);
}

function addNoise(pixels: Uint8Array, random: Random): void {
  for (let i = 0; i < PIXELS; i++) {
    const grain = (pixels[i] as number) + jitter(random, 60);
    pixels[i] = Math.max(0, Math.min(255, grain));
  }
}

/** Inks the pixels near a segment; where strokes cross the darker one stays. */
function drawSegment(pixels: Uint8Array, from: Point, to: Point, radius: number): void {
  const reach = radius + SOFT_EDGE;
  const first = (a: number, b: number) => Math.max(0, Math.floor((Math.min(a, b) - reach) / UNIT));
  const last = (a: number, b: number) => Math.min(SIDE - 1, Math.floor((Math.max(a, b) + reach) / UNIT));
  for (let row = first(from[1], to[1]); row <= last(from[1], to[1]); row++) {
    for (let column = first(from[0], to[0]); column <= last(from[0], to[0]); column++) {
      const centre: Point = [column * UNIT + UNIT / 2, row * UNIT + UNIT / 2];
      const ink = inkAt(squaredDistanceToSegment(centre, from, to), radius);
      const at = row * SIDE + column;
      pixels[at] = Math.max(pixels[at] as number, ink);
    }
  }
}

/** Full within the radius, then falling with the squared distance to none at the soft edge. */
function inkAt(squaredDistance: number, radius: number): number {
  const outer = (radius + SOFT_EDGE) * (radius + SOFT_EDGE);
  const inner = radius * radius;
  if (squaredDistance <= inner) return 255;
  return Math.max(0, Math.floor((255 * (outer - squaredDistance)) / (outer - inner)));
}

function squaredDistanceToSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const along = (px - ax) * dx + (py - ay) * dy;
  // The nearest point in 256ths of the segment.
  const share = length === 0 ? 0 : Math.max(0, Math.min(256, Math.floor((256 * along) / length)));
  const x = px - ax - Math.floor((dx * share) / 256);
  const y = py - ay - Math.floor((dy * share) / 256);
  return x * x + y * y;
}
