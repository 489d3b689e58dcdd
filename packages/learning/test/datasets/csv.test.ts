import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { checkDataset, defaultPlan, describeFiles, loadData, parseCsv, standardise } from '../../src/index.ts';

function code(name: string) {
  return expect.objectContaining({ code: name });
}

describe('comma-separated values', () => {
  test('numbers and one column of labels, the last unless it is named', () => {
    const data = parseCsv('a,b,kind\n1,2,x\n-3.5e1,.25,y\n');
    checkDataset(data);
    expect(data.features).toEqual({ kind: 'dense', values: Float32Array.of(1, 2, -35, 0.25) });
    expect([data.classes, [...data.labels], data.dimension]).toEqual([['x', 'y'], [0, 1], 2]);
    const named = parseCsv('kind,a\nx,1\ny,2', { label: 'kind' });
    expect(named.features).toEqual({ kind: 'dense', values: Float32Array.of(1, 2) });
  });

  test('quotes, doubled quotes, CRLF, blank lines and a byte order mark are read as RFC 4180 has it', () => {
    const data = parseCsv('\uFEFF"a ""x""",label\r\n"1","yes, it is"\r\n\r\n 2 ,"two\nlines"\r\n');
    expect(data.classes).toEqual(['two\nlines', 'yes, it is']);
    expect(data.features).toEqual({ kind: 'dense', values: Float32Array.of(1, 2) });
  });

  test.each([
    ['', /line 3, column 2 \("b"\): the cell is missing/],
    ['abc', /line 3, column 2 \("b"\): "abc" is not a number/],
    ['0x10', /"0x10" is not a number/],
    ['1 2', /"1 2" is not a number/],
    ['NaN', /"NaN" is not a finite number/],
    ['-Infinity', /"-Infinity" is not a finite number/],
    ['1e39', /"1e39" is not a finite number/],
  ])('a cell of "%s" is refused with its row and column', (cell, message) => {
    const text = `a,b,label\n1,2,x\n3,${cell},y\n`;
    expect(() => parseCsv(text)).toThrow(code('DATA_CSV_CELL'));
    expect(() => parseCsv(text)).toThrow(message);
  });

  test('lines are counted as an editor counts them, line breaks in quotes included', () => {
    expect(() => parseCsv('a,label\n1,"x\ny"\n\nbad,z\n')).toThrow(/line 5, column 1/);
  });

  test('rows of another width, a missing label, open quotes and unknown columns are refused', () => {
    expect(() => parseCsv('a,label\n1,x\n1,2,x\n')).toThrow(/line 3 has 3 cells, the header has 2/);
    expect(() => parseCsv('a,label\n1,\n')).toThrow(/the label is missing/);
    expect(() => parseCsv('a,label\n1,"x\n')).toThrow(code('DATA_CSV_QUOTE'));
    expect(() => parseCsv('a,label\n1,"x"y\n')).toThrow(/line 2, column 2: the quoted cell is followed by "y"/);
    expect(() => parseCsv('a,label\n1,x\n', { label: 'labl' })).toThrow(/did you mean "label"/);
    expect(() => parseCsv('')).toThrow(code('DATA_CSV_HEADER'));
    expect(() => parseCsv('a,label\n1,x\n2,x\n')).toThrow(code('DATA_CSV_LABELS'));
  });

  test('rows, columns and cells are bounded', () => {
    const tooLarge = code('DATA_TOO_LARGE');
    expect(() => parseCsv('a,label\n1,x\n2,y\n3,z\n', { maxRows: 2 })).toThrow(tooLarge);
    expect(() => parseCsv('a,b,label\n1,2,x\n', { maxColumns: 2 })).toThrow(tooLarge);
    expect(() => parseCsv(`a,label\n1,${'x'.repeat(300)}\n`)).toThrow(tooLarge);
    expect(() => parseCsv(`a,label\n1,"${'x'.repeat(300)}"\n`)).toThrow(tooLarge);
  });

  test('random text ends in a data set or a coded error, never in anything else', () => {
    const random = seededRandom('csv');
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: random.below(40) }, () => 'a1,\n"\r .e-x'[random.below(11)]).join('');
      try {
        checkDataset(parseCsv(text));
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^DATA_/) });
      }
    }
  });
});

test('standardise: mean 0 and deviation 1 by the training part alone; a constant feature becomes 0', () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i},7,${i % 2 === 0 ? 'even' : 'odd'}`);
  const data = parseCsv(`a,b,label\n${rows.join('\n')}`);
  const { train, test: held } = standardise(data, {
    ...data,
    features: { kind: 'dense', values: Float32Array.of(29.5, 8) },
  });
  if (train.features.kind !== 'dense') throw new Error('not dense');
  const column = train.features.values.filter((_, i) => i % 2 === 0);
  expect(column.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
  expect(column.reduce((sum, value) => sum + value * value, 0) / 60).toBeCloseTo(1, 4);
  expect(train.features.values.filter((_, i) => i % 2 === 1).every((value) => value === 0)).toBe(true);
  expect(held.features).toEqual({ kind: 'dense', values: Float32Array.of(0, 0) });
});

test('a plan made from a table loads it again, scaled', () => {
  const rows = Array.from({ length: 100 }, (_, i) => `${i},${i % 3}`);
  const files = { kind: 'csv', text: `a,label\n${rows.join('\n')}` } as const;
  const { train, test: held } = loadData(defaultPlan(describeFiles(files)), { files });
  expect([train.size, held.size, train.classes]).toEqual([85, 15, ['0', '1', '2']]);
});
