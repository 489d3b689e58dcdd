/** One line of what was asked for and what was measured. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The peer or physical limit measured in the same run. */
  readonly against: string;
  /** In words and numbers: `≥ 0.60`. */
  readonly bar: string;
  readonly holds: boolean;
}

export function printRows(title: string, subtitle: string, rows: readonly Row[]): void {
  console.log(`${title}: ${subtitle}\n`);
  const width = Math.max(...rows.map((row) => row.what.length));
  for (const row of rows) {
    const value = `${round(row.value)} ${row.unit}`.padEnd(16);
    console.log(
      `  ${row.holds ? '✓' : '✗'} ${row.what.padEnd(width)}  ${value} ${row.bar.padEnd(12)} against ${row.against}`,
    );
  }
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
