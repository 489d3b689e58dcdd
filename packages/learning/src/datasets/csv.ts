import { MurmurError, nearest } from '@murmuration/core';
import { csvRows } from './csv-cells.ts';
import type { Dataset } from './dataset.ts';

export interface CsvOptions {
  /** Header of the column that holds the label. @default the last column */
  readonly label?: string;
  /** @default 200_000 */
  readonly maxRows?: number;
  /** @default 4096 */
  readonly maxColumns?: number;
}

const MAX_CELL_CHARS = 256;
const MAX_CLASSES = 256;

/**
 * Comma-separated text with a header row: numbers, and one column of labels of any text. Features are as
 * they stand in the file; `standardise` scales them. Classes are the distinct labels in sorted order.
 * @throws DATA_CSV_HEADER, DATA_CSV_ROW, DATA_CSV_CELL, DATA_CSV_LABELS, DATA_CSV_QUOTE, DATA_TOO_LARGE
 */
export function parseCsv(text: string, options: CsvOptions = {}): Dataset {
  const { maxRows = 200_000, maxColumns = 4096 } = options;
  const [header, ...rows] = csvRows(text, { maxRows, maxColumns, maxCellChars: MAX_CELL_CHARS });
  const names = header?.cells ?? [];
  const labelColumn = findLabel(names, options.label);
  const dimension = names.length - 1;
  const values = new Float32Array(rows.length * dimension);
  const labelTexts = rows.map(({ line, cells }, row) => {
    checkWidth(line, cells.length, names.length);
    let at = row * dimension;
    for (const [column, cell] of cells.entries()) {
      if (column !== labelColumn) values[at++] = readNumber(cell, line, column, names);
    }
    const label = cells[labelColumn] as string;
    if (label === '') throw badCell(line, labelColumn, names, 'the label is missing');
    return label;
  });
  const classes = [...new Set(labelTexts)].sort();
  if (classes.length < 2 || classes.length > MAX_CLASSES) throw badLabels(names[labelColumn] as string, classes.length);
  const indexOf = new Map(classes.map((label, index) => [label, index]));
  const labels = Int32Array.from(labelTexts, (label) => indexOf.get(label) as number);
  return { features: { kind: 'dense', values }, labels, classes, dimension, size: rows.length };
}

/**
 * Shifts and scales each feature to mean 0 and deviation 1 over `train`, and `test` by the same numbers. A
 * feature that never changes becomes 0. Both must be dense. √ and fixed order only.
 */
export function standardise(train: Dataset, test: Dataset): { train: Dataset; test: Dataset } {
  if (train.features.kind !== 'dense' || test.features.kind !== 'dense') return { train, test };
  const { dimension, size } = train;
  const results = [train.features.values.slice(), test.features.values.slice()] as const;
  for (let column = 0; column < dimension; column++) {
    const { mean, deviation } = moments(train.features.values, column, dimension, size);
    for (const values of results) {
      for (let at = column; at < values.length; at += dimension) {
        values[at] = deviation > 0 ? ((values[at] as number) - mean) / deviation : 0;
      }
    }
  }
  return {
    train: { ...train, features: { kind: 'dense', values: results[0] } },
    test: { ...test, features: { kind: 'dense', values: results[1] } },
  };
}

function moments(values: Float32Array, column: number, dimension: number, size: number) {
  let sum = 0;
  for (let at = column; at < values.length; at += dimension) sum += values[at] as number;
  const mean = sum / size;
  let squares = 0;
  for (let at = column; at < values.length; at += dimension) {
    const distance = (values[at] as number) - mean;
    squares += distance * distance;
  }
  const deviation = Math.sqrt(squares / size);
  // Below the grain of float32 only the rounding of the mean is left.
  return { mean, deviation: deviation > Math.abs(mean) * 1e-7 ? deviation : 0 };
}

/** Decimal or scientific notation; what `Number` also takes (hexadecimal, blanks) is refused. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function readNumber(cell: string, line: number, column: number, names: readonly string[]): number {
  if (cell === '') throw badCell(line, column, names, 'the cell is missing');
  const value = Math.fround(Number(cell));
  if (/^[+-]?(nan|inf|infinity)$/i.test(cell) || (NUMBER.test(cell) && !Number.isFinite(value))) {
    throw badCell(line, column, names, `"${cell}" is not a finite number`);
  }
  if (!NUMBER.test(cell)) throw badCell(line, column, names, `"${cell}" is not a number`);
  return value;
}

function findLabel(names: readonly string[], wanted: string | undefined): number {
  if (names.length >= 2 && wanted === undefined) return names.length - 1;
  const found = wanted === undefined ? -1 : names.indexOf(wanted);
  if (names.length >= 2 && found >= 0) return found;
  const meant = wanted === undefined ? undefined : nearest(wanted, names);
  throw new MurmurError({
    code: 'DATA_CSV_HEADER',
    message:
      names.length < 2
        ? 'the first line names fewer than two columns'
        : `no column is called "${wanted}"${meant === undefined ? '' : `, did you mean "${meant}"?`}`,
    remedy: 'give a header line with at least one feature and the label',
  });
}

function checkWidth(line: number, found: number, wanted: number): void {
  if (found === wanted) return;
  throw new MurmurError({
    code: 'DATA_CSV_ROW',
    message: `line ${line} has ${found} cells, the header has ${wanted}`,
    remedy: 'give every row one cell for each column',
    facts: { line, found, wanted },
  });
}

function badCell(line: number, column: number, names: readonly string[], problem: string): MurmurError {
  return new MurmurError({
    code: 'DATA_CSV_CELL',
    message: `line ${line}, column ${column + 1} ("${names[column]}"): ${problem}`,
    remedy: 'fill in a finite decimal number (and a label in its column), or leave the row out',
    facts: { line, column: column + 1, name: names[column] ?? '' },
  });
}

function badLabels(name: string, found: number): MurmurError {
  return new MurmurError({
    code: 'DATA_CSV_LABELS',
    message: `column "${name}" holds ${found} different labels, not 2 to ${MAX_CLASSES}`,
    remedy: 'name the column that holds the label',
    facts: { name, found },
  });
}
