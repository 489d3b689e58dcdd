import { visibleLength } from './table.ts';

/** Lines of prose where the output is no terminal: what a script or a guide captures hangs on nothing else. */
const CAPTURED_WIDTH = 100;
const MIN_WIDTH = 40;

export function outputWidth(stream: NodeJS.WriteStream = process.stdout): number {
  return stream.isTTY ? Math.max(MIN_WIDTH, stream.columns) : CAPTURED_WIDTH;
}

/** Breaks text between words, so that no line is longer than `width`; colours do not count. A longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && visibleLength(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
