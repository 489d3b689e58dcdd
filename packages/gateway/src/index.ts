export { type HttpCode, httpCodes, httpErrorOf } from './errors/codes.ts';
export type { Problem } from './errors/problem.ts';
export { CLOSE_NOT_ACCEPTED, CLOSE_SILENT_CLIENT, CLOSE_SLOW_CLIENT } from './events/client.ts';
export { type Answer, errorsOf, type Permission, type Route } from './routes/route.ts';
export { routes } from './routes/table.ts';
export type { GatewayDeps, ReadableMetrics } from './server/app.ts';
export type { GatewayOptions } from './server/options.ts';
export { type Gateway, startGateway } from './server/start.ts';
export { BEARER_PROTOCOL, EVENTS_PROTOCOL } from './server/token.ts';
