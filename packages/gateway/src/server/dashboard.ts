import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Vite names what it puts here by its content, so it never changes. */
const IMMUTABLE = `${path.sep}assets${path.sep}`;
const ONE_YEAR_SECONDS = 31_536_000;

/** Serves a page of the dashboard: its file, or where there is none its index, which knows its own paths. */
export type DashboardPage = (reply: FastifyReply) => FastifyReply;

/** Serves the built dashboard from `folder`; where no build is there, a page that says so. */
export async function registerDashboard(app: FastifyInstance, folder: string | undefined): Promise<DashboardPage> {
  const isBuilt = () => folder !== undefined && existsSync(path.join(folder, 'index.html'));
  if (folder !== undefined) {
    await app.register(fastifyStatic, {
      root: path.resolve(folder),
      index: false,
      dotfiles: 'ignore',
      suppressWarning: true,
      schemaHide: true,
      cacheControl: false,
      setHeaders: (reply, file) => {
        const cache = file.includes(IMMUTABLE) ? `public, max-age=${ONE_YEAR_SECONDS}, immutable` : 'no-cache';
        reply.header('cache-control', cache);
      },
    });
  }
  const page: DashboardPage = (reply) => (isBuilt() ? reply.sendFile('index.html') : absent(reply, folder));
  app.get('/', { schema: { hide: true } }, (_request, reply) => page(reply));
  return page;
}

function absent(reply: FastifyReply, folder: string | undefined): FastifyReply {
  const where = folder === undefined ? 'This gateway was started without one.' : `Nothing is in ${escapeHtml(folder)}.`;
  return reply
    .code(503)
    .type('text/html; charset=utf-8')
    .send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Murmuration: the dashboard is not built</title>
<style>body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark; }</style>
<h1>The dashboard is not built</h1>
<p>${where} The swarm itself runs, and its API answers.</p>
<p>Build it in the project's folder, then reload this page:</p>
<pre><code>npm run build --workspace @murmuration/dashboard</code></pre>
<p><a href="/docs">API reference</a> · <a href="/api/v1/swarm">the swarm as JSON</a> · <a href="/metrics">metrics</a></p>
</html>
`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
