/** Every code that leaves the gateway over HTTP, its status and its title: the only such table. */
export const HTTP_ERRORS = {
  REQUEST_INVALID: { status: 400, title: 'The request does not fit its schema' },
  REQUEST_MALFORMED: { status: 400, title: 'The request cannot be read' },
  CURSOR_INVALID: { status: 400, title: 'The cursor is not one of this list' },
  OPTION_UNKNOWN: { status: 400, title: 'An option is unknown' },
  OPTION_OUT_OF_RANGE: { status: 400, title: 'An option is out of range' },
  TOKEN_MISSING: { status: 401, title: 'A token is needed' },
  TOKEN_WRONG: { status: 401, title: 'The token is wrong' },
  CHANGES_DISABLED: { status: 403, title: 'This gateway only reads' },
  ORIGIN_REFUSED: { status: 403, title: 'Another site may not call this gateway' },
  ROUTE_UNKNOWN: { status: 404, title: 'There is no such route' },
  DEVICE_UNKNOWN: { status: 404, title: 'There is no such device' },
  JOB_UNKNOWN: { status: 404, title: 'There is no such job' },
  ROUND_UNKNOWN: { status: 404, title: 'There is no such round' },
  EVIDENCE_UNKNOWN: { status: 404, title: 'There is no such evidence' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The route has another method' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  REQUEST_TOO_LARGE: { status: 413, title: 'The body is too large' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, title: 'The body has another media type' },
  HOST_REFUSED: { status: 421, title: 'The request was meant for another host' },
  JOB_REFUSED: { status: 422, title: 'The swarm refused the job' },
  UPGRADE_REQUIRED: { status: 426, title: 'This route speaks WebSocket' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  GATEWAY_INTERNAL: { status: 500, title: 'The gateway failed' },
  SWARM_NOT_READY: { status: 503, title: 'The swarm has no quorum' },
  DASHBOARD_NOT_BUILT: { status: 503, title: 'The dashboard is not built' },
  CLIENTS_FULL: { status: 503, title: 'Too many event streams are open' },
} as const;

export type HttpCode = keyof typeof HTTP_ERRORS;

export function isHttpCode(code: string): code is HttpCode {
  return Object.hasOwn(HTTP_ERRORS, code);
}
