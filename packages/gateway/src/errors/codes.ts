/** Every code that leaves the gateway over HTTP, its status and its title: the only such table. */
const HTTP_ERRORS = [
  { code: 'REQUEST_INVALID', status: 400, title: 'The request does not fit its schema' },
  { code: 'REQUEST_MALFORMED', status: 400, title: 'The request cannot be read' },
  { code: 'CURSOR_INVALID', status: 400, title: 'The cursor is not one of this list' },
  { code: 'OPTION_UNKNOWN', status: 400, title: 'An option is unknown' },
  { code: 'OPTION_OUT_OF_RANGE', status: 400, title: 'An option is out of range' },
  { code: 'TOKEN_MISSING', status: 401, title: 'A token is needed' },
  { code: 'TOKEN_WRONG', status: 401, title: 'The token is wrong' },
  { code: 'CHANGES_DISABLED', status: 403, title: 'This gateway only reads' },
  { code: 'ORIGIN_REFUSED', status: 403, title: 'Another site may not call this gateway' },
  { code: 'ROUTE_UNKNOWN', status: 404, title: 'There is no such route' },
  { code: 'DEVICE_UNKNOWN', status: 404, title: 'There is no such device' },
  { code: 'JOB_UNKNOWN', status: 404, title: 'There is no such job' },
  { code: 'ROUND_UNKNOWN', status: 404, title: 'There is no such round' },
  { code: 'EVIDENCE_UNKNOWN', status: 404, title: 'There is no such evidence' },
  { code: 'STATE_UNKNOWN', status: 404, title: 'That state is not at hand' },
  { code: 'METHOD_NOT_ALLOWED', status: 405, title: 'The route has another method' },
  { code: 'REQUEST_TIMEOUT', status: 408, title: 'The request took too long to arrive' },
  { code: 'REQUEST_TOO_LARGE', status: 413, title: 'The body is too large' },
  { code: 'MEDIA_TYPE_UNSUPPORTED', status: 415, title: 'The body has another media type' },
  { code: 'HOST_REFUSED', status: 421, title: 'The request was meant for another host' },
  { code: 'JOB_REFUSED', status: 422, title: 'The swarm refused the job' },
  { code: 'UPGRADE_REQUIRED', status: 426, title: 'This route speaks WebSocket' },
  { code: 'RATE_LIMITED', status: 429, title: 'Too many requests' },
  { code: 'HEADERS_TOO_LARGE', status: 431, title: 'The headers are too large' },
  { code: 'GATEWAY_INTERNAL', status: 500, title: 'The gateway failed' },
  { code: 'SWARM_NOT_READY', status: 503, title: 'The swarm has no quorum' },
  { code: 'CLIENTS_FULL', status: 503, title: 'Too many event streams are open' },
] as const;

export type HttpCode = (typeof HTTP_ERRORS)[number]['code'];

interface HttpError {
  readonly status: number;
  readonly title: string;
}

const BY_CODE: ReadonlyMap<string, HttpError> = new Map(HTTP_ERRORS.map((error) => [error.code, error]));

/** @returns status and title, or undefined where `code` never leaves over HTTP */
export function httpErrorOf(code: string): HttpError | undefined {
  return BY_CODE.get(code);
}

/** All of them. */
export const httpCodes: readonly HttpCode[] = HTTP_ERRORS.map(({ code }) => code);
