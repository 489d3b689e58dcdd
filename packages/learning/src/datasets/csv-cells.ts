import { MurmurError } from '@murmuration/core';
import { tooLarge } from './limits.ts';

export interface CsvLimits {
  readonly maxRows: number;
  readonly maxColumns: number;
  readonly maxCellChars: number;
}

/**
 * Cells of comma-separated text after RFC 4180: quotes, doubled quotes inside them, LF or CRLF. Blank lines
 * are skipped. @returns rows, each with the line of the file that it starts on, from 1
 * @throws DATA_CSV_QUOTE, DATA_TOO_LARGE
 */
export function csvRows(text: string, limits: CsvLimits): { line: number; cells: string[] }[] {
  const rows: { line: number; cells: string[] }[] = [];
  const scanner = new Scanner(text.startsWith('\uFEFF') ? text.slice(1) : text, limits);
  while (!scanner.done()) {
    const line = scanner.line;
    const cells = scanner.row();
    if (cells.length === 1 && cells[0] === '') continue;
    if (rows.length > limits.maxRows) throw tooLarge('rows', rows.length, limits.maxRows);
    rows.push({ line, cells });
  }
  return rows;
}

class Scanner {
  line = 1;
  private at = 0;
  private readonly text: string;
  private readonly limits: CsvLimits;

  constructor(text: string, limits: CsvLimits) {
    this.text = text;
    this.limits = limits;
  }

  done(): boolean {
    return this.at >= this.text.length;
  }

  row(): string[] {
    const cells: string[] = [];
    for (;;) {
      cells.push(this.text[this.at] === '"' ? this.quoted(cells.length + 1) : this.plain());
      if (cells.length > this.limits.maxColumns) throw tooLarge('columns', cells.length, this.limits.maxColumns);
      if (this.text[this.at] !== ',') break;
      this.at++;
    }
    if (this.text[this.at] === '\r') this.at++;
    if (this.text[this.at] === '\n') this.at++;
    this.line++;
    return cells;
  }

  private plain(): string {
    const from = this.at;
    while (this.at < this.text.length && !',\r\n'.includes(this.text[this.at] as string)) this.at++;
    return this.bounded(this.text.slice(from, this.at).trim());
  }

  private quoted(column: number): string {
    const line = this.line;
    let cell = '';
    let from = this.at + 1;
    for (;;) {
      const end = this.text.indexOf('"', from);
      if (end < 0) throw badQuote(line, column, 'is never closed');
      cell += this.text.slice(from, end);
      this.bounded(cell);
      this.at = end + 1;
      if (this.text[this.at] !== '"') break;
      cell += '"';
      from = this.at + 1;
    }
    this.line += cell.split('\n').length - 1;
    const next = this.text[this.at];
    if (next !== undefined && !',\r\n'.includes(next)) throw badQuote(line, column, `is followed by "${next}"`);
    return cell;
  }

  private bounded(cell: string): string {
    if (cell.length > this.limits.maxCellChars) {
      throw tooLarge(`characters in a cell of line ${this.line}`, cell.length, this.limits.maxCellChars);
    }
    return cell;
  }
}

function badQuote(line: number, column: number, problem: string): MurmurError {
  return new MurmurError({
    code: 'DATA_CSV_QUOTE',
    message: `line ${line}, column ${column}: the quoted cell ${problem}`,
    remedy: 'close quotes, and double those inside a quoted cell',
    facts: { line, column },
  });
}
