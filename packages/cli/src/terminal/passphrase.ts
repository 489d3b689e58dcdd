import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { MurmurError } from '@murmuration/core';

/** Shorter ones are guessed whatever Argon2id costs. */
const MIN_LENGTH = 8;

export interface PassphraseSource {
  readonly passphraseFile?: string;
  /** It is not the one that the environment names. */
  readonly other?: boolean;
}

/**
 * The passphrase from a file, from the file that the environment names (`passphraseFileOf`), or typed without echo; a
 * new one is typed twice.
 * @throws KEYS_PASSPHRASE, CLI_INTERRUPTED
 */
export async function passphraseFrom(source: PassphraseSource, kind: 'known' | 'new' = 'known'): Promise<string> {
  const { passphraseFileOf, readPassphraseFile } = await import('@murmuration/node');
  const file = source.passphraseFile ?? (source.other === true ? undefined : passphraseFileOf(process.env));
  return file === undefined ? typed(kind) : longEnough(readPassphraseFile(file), kind);
}

function longEnough(words: string, kind: 'known' | 'new'): string {
  if (kind === 'known' || words.length >= MIN_LENGTH) return words;
  throw problem(
    `a passphrase of ${words.length} characters is too short`,
    `take at least ${MIN_LENGTH}: several words are best`,
  );
}

async function typed(kind: 'known' | 'new'): Promise<string> {
  if (!process.stdin.isTTY) {
    throw problem(
      'there is no terminal to ask for the passphrase on',
      'give --passphrase-file, or MURMUR_PASSPHRASE_FILE',
    );
  }
  const words = longEnough(await ask(kind === 'new' ? 'new passphrase: ' : 'passphrase: '), kind);
  if (kind === 'new' && (await ask('once more: ')) !== words) {
    throw problem('the two passphrases differ', 'type it again');
  }
  return words;
}

/** Shows the question and none of the keys that are typed. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_, __, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(interrupted()));
      lines.once('close', () => reject(problem('no passphrase was typed', 'type it again')));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

function interrupted(): MurmurError {
  return new MurmurError({
    code: 'CLI_INTERRUPTED',
    message: 'interrupted',
    remedy: 'nothing was changed; run the command again when you are ready',
  });
}

function problem(message: string, remedy: string): MurmurError {
  return new MurmurError({ code: 'KEYS_PASSPHRASE', message, remedy });
}
