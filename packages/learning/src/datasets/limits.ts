import { MurmurError } from '@murmuration/core';

/** A file of the user that is larger than a loader takes on. */
export function tooLarge(what: string, found: number, max: number): MurmurError {
  return new MurmurError({
    code: 'DATA_TOO_LARGE',
    message: `${found} ${what} are too many, at most ${max}`,
    remedy: 'give a smaller file, or a part of it',
    facts: { what, found, max },
  });
}
