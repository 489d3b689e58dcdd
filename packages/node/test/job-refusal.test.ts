import { MurmurError } from '@murmuration/core';
import { expect, test } from 'vitest';
import { jobRefusal } from '../src/job-refusal.ts';

test("what is wrong with a job's data is a refusal with the code, the place and the remedy", () => {
  const error = new MurmurError({ code: 'DATA_CSV_CELL', message: 'line 3, column 2', remedy: 'leave it out' });
  expect(jobRefusal(error)).toEqual({ ok: false, reason: 'DATA_CSV_CELL', detail: 'line 3, column 2; leave it out' });
});

test('a fault of ours is thrown on', () => {
  const error = new MurmurError({ code: 'STORE_FAILED', message: 'no room' });
  expect(() => jobRefusal(error)).toThrow(error);
  expect(() => jobRefusal(new TypeError('x'))).toThrow(TypeError);
});
