import { assert, isMurmurError, MurmurError } from '@murmuration/core';
import { type HttpCode, httpErrorOf } from './codes.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** RFC 9457 problem details. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly remedy?: string;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** A `MurmurError` whose code has a status. */
export function httpError(
  code: HttpCode,
  message: string,
  remedy: string,
  facts: Readonly<Record<string, string | number | boolean>> = {},
): MurmurError {
  return new MurmurError({ code, message, remedy, facts });
}

/** @returns what a client may see; nothing of an error that we did not mean for it */
export function toProblem(error: unknown, instance: string): Problem {
  const known = asKnown(error);
  const { code } = known;
  const entry = httpErrorOf(code);
  assert(entry !== undefined, `${code} has a status`);
  const { status, title } = entry;
  return {
    type: `urn:murmuration:error:${code}`,
    title,
    status,
    detail: known.message,
    instance,
    code,
    ...(known.remedy === undefined ? {} : { remedy: known.remedy }),
    ...(Object.keys(known.facts).length === 0 ? {} : { facts: known.facts }),
  };
}

/** The error itself where its code has a status, else the one of ours that says what happened. */
function asKnown(error: unknown): MurmurError {
  if (isMurmurError(error) && httpErrorOf(error.code) !== undefined) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return FRAMEWORK[code]?.(error) ?? internal(error);
}

const wasMalformed = (error: unknown) =>
  httpError('REQUEST_MALFORMED', messageOf(error), 'send a valid URL and, where there is a body, valid JSON');

/** What the HTTP framework and Node's parser call these, in our codes. */
const FRAMEWORK: Readonly<Record<string, (error: unknown) => MurmurError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (error) =>
    httpError('REQUEST_TOO_LARGE', messageOf(error), 'send less in one request; the limit is bodyLimitBytes'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (error) =>
    httpError('MEDIA_TYPE_UNSUPPORTED', messageOf(error), 'send the body as application/json'),
  FST_ERR_CTP_EMPTY_JSON_BODY: wasMalformed,
  FST_ERR_CTP_INVALID_JSON_BODY: wasMalformed,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: wasMalformed,
  FST_ERR_BAD_URL: wasMalformed,
  FST_ERR_ASYNC_CONSTRAINT: wasMalformed,
  HPE_HEADER_OVERFLOW: () =>
    httpError('HEADERS_TOO_LARGE', 'the headers of the request are too large', 'send fewer or shorter headers'),
  ERR_HTTP_REQUEST_TIMEOUT: () =>
    httpError('REQUEST_TIMEOUT', 'the request took too long to arrive', 'send the whole request sooner'),
};

/** For bytes that Node's parser refused before there was a request. */
export function wireProblem(error: unknown): Problem {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return toProblem(FRAMEWORK[code]?.(error) ?? wasMalformed(new Error('the request is not valid HTTP')), '');
}

function internal(error: unknown): MurmurError {
  return new MurmurError({
    code: 'GATEWAY_INTERNAL',
    message: 'the gateway failed at this request',
    remedy: 'its log has the cause; please report it if it happens again',
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
