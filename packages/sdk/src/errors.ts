import { MurmurError } from '@murmuration/core';
import type { Problem } from './generated/schemas.ts';

/** The server's own error, as it would have been thrown here. */
export async function errorOf(response: Response, url: URL): Promise<MurmurError> {
  const problem = await problemOf(response);
  if (problem === undefined) {
    return new MurmurError({
      code: 'GATEWAY_ANSWER_UNREADABLE',
      message: `${url.origin} answered ${url.pathname} with status ${response.status} and no problem details`,
      remedy: 'look whether a gateway listens there, of this version',
      facts: { url: url.href, status: response.status },
    });
  }
  return new MurmurError({
    code: problem.code,
    message: problem.detail,
    ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
    facts: { ...problem.facts, status: problem.status },
  });
}

export function unreachable(url: URL, cause: unknown): MurmurError {
  return new MurmurError({
    code: 'GATEWAY_UNREACHABLE',
    message: `nothing answers at ${url.origin}`,
    remedy: 'start the swarm (murmur up), or name the address of its gateway',
    facts: { url: url.href },
    cause,
  });
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return undefined;
  const given: unknown = await response.json().catch(() => undefined);
  return isProblem(given) ? given : undefined;
}

function isProblem(given: unknown): given is Problem {
  if (typeof given !== 'object' || given === null) return false;
  return 'code' in given && typeof given.code === 'string' && 'detail' in given && typeof given.detail === 'string';
}
