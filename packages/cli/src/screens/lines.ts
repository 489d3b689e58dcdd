import { dim } from '../terminal/style.ts';
import { pad } from '../terminal/table.ts';
import { outputWidth, wrap } from '../terminal/wrap.ts';

const LABEL_WIDTH = 12;
const INDENT = 2;

/** A label and its text, which stays in its column when it takes several lines. */
export function labelled(label: string, text: string): string[] {
  const lines = wrap(text, outputWidth() - INDENT - LABEL_WIDTH);
  return lines.map((line, i) => `${' '.repeat(INDENT)}${pad(i === 0 ? label : '', LABEL_WIDTH)}${line}`);
}

/** What is said below a table. */
export function note(text: string): string[] {
  return wrap(text, outputWidth()).map(dim);
}
