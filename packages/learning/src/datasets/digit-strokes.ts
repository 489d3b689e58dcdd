export type Point = readonly [x: number, y: number];

/** The strokes of each digit in a box of 100 × 100, x to the right, y down. */
export const DIGIT_STROKES: readonly (readonly (readonly Point[])[])[] = [
  [line('50,0 22,14 10,50 22,86 50,100 78,86 90,50 78,14 50,0')],
  [line('30,22 55,0 55,100')],
  [line('10,22 30,2 70,2 88,24 80,46 10,100 92,100')],
  [line('12,10 50,0 85,20 50,47 88,74 50,100 10,90')],
  [line('65,100 65,0 8,68 92,68')],
  [line('85,0 22,0 16,45 60,40 90,68 60,100 10,92')],
  [line('75,0 30,34 12,70 40,100 80,88 82,60 45,50 15,68')],
  [line('10,0 90,0 40,100')],
  [line('50,48 18,25 50,0 82,25 50,48 12,75 50,100 88,75 50,48')],
  [line('85,30 50,50 15,30 40,0 75,5 85,30 70,100')],
];

function line(text: string): readonly Point[] {
  return text.split(' ').map((pair) => pair.split(',').map(Number) as [number, number]);
}
