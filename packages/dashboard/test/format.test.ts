import { expect, test } from 'vitest';
import { bytes, count, figure, milliseconds, percent, plural } from '../src/format/numbers.ts';
import { duration, relative } from '../src/format/time.ts';
import { nameOfFact, reasonWords, shortHash, statement } from '../src/format/words.ts';

test('what is not known is a dash, never a zero', () => {
  expect([count(null), percent(null), milliseconds(null)]).toEqual(['–', '–', '–']);
});

test.each([
  [4.26, '4.3 ms'],
  [41.5, '42 ms'],
  [999.4, '999 ms'],
  [5020, '5.02 s'],
  [12_345, '12.3 s'],
])('%d milliseconds read as %s', (value, words) => {
  expect(milliseconds(value)).toBe(words);
});

test.each([
  [0, '0.000'],
  [-0.9191, '-0.919'],
  [21.7562, '21.756'],
  [1234.56, '1234.6'],
  [0.00001234, '1.23e-5'],
  [Number.NaN, 'not finite'],
])('the figure %d reads as %s', (value, words) => {
  expect(figure(value)).toBe(words);
});

test('sizes and numbers carry their unit', () => {
  expect([bytes(980), bytes(74_312), bytes(5_000_000)]).toEqual(['980 B', '72.6 KiB', '4.8 MiB']);
  expect([plural(1, 'replica'), plural(1200, 'replica')]).toEqual(['1 replica', '1,200 replicas']);
});

test('ages and terms have two units at most, and seconds only while they matter', () => {
  expect([duration(8_400), duration(252_000), duration(7_500_000), duration(-5)]).toEqual([
    '8 s',
    '4 min 12 s',
    '2 h 5 min',
    '0 s',
  ]);
  const now = 1_700_000_000_000;
  expect([relative(now - 900, now), relative(now - 12_000, now), relative(now - 252_000, now)]).toEqual([
    'just now',
    '12 s ago',
    '4 min ago',
  ]);
  expect(relative(now + 30_000, now)).toBe('in 30 s');
});

test('words of programs become words of people; unknown ones are kept', () => {
  expect(reasonWords('equivocation')).toBe('Signed two conflicting messages');
  expect(reasonWords('something-new')).toBe('Something new');
  expect(statement('two prepares for view 0')).toBe('Two prepares for view 0.');
  expect(nameOfFact('firstHash')).toBe('First hash');
  expect(shortHash('0123456789abcdef', 8)).toBe('01234567…');
});
