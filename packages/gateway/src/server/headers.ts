import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Pages run no script but our own files. Styles may be inline: Mantine and Swagger UI set them at run time. */
const PAGE_POLICY = {
  useDefaults: false,
  directives: {
    'default-src': ["'self'"],
    'script-src': ["'self'"],
    'script-src-attr': ["'none'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:', 'blob:'],
    'font-src': ["'self'", 'data:'],
    'connect-src': ["'self'"],
    'object-src': ["'none'"],
    'base-uri': ["'none'"],
    'form-action': ["'self'"],
    'frame-ancestors': ["'none'"],
  },
};

/** Data is no page: were a browser to show it as one, it could do nothing. Few, since every answer carries them. */
const DATA_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/** Answers that are data whatever they say: the API, the probes, the metrics. */
const DATA = /^\/(api\/|livez|readyz|metrics)/;

/** Security headers on every answer, errors included: Helmet's for pages, the few that matter for data. */
export async function registerHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    global: false,
    contentSecurityPolicy: PAGE_POLICY,
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (DATA.test(request.url)) reply.headers(DATA_HEADERS);
    else reply.helmet();
    done();
  });
}
