// The pages for people: `/console/` to look at the registry and to act on it, `/docs/` for the API; `/` leads a browser to
// the console and gives a program the list of what is here. Both are files of one build (site.ts): HTML that may load
// scripts and styles from here alone, and talk to nothing but this server. All links are relative, so that a proxy may
// put the server below a path of its own. The files are open also where calls need a token: they hold no data.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { openSite, type SiteFile, type SiteFolders, type SiteState } from './site.ts';

export interface ConsoleContext {
  readonly version: string;
  /** With a final dot: `svc.` */
  readonly origin: string;
  readonly dnsPort: number | undefined;
  readonly site: SiteFolders;
}

/** Nothing inline, nothing from elsewhere, in no frame; charts draw on a canvas. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const protection = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Adds `/`, `/console/` and `/docs/`. */
export function addConsole(app: FastifyInstance, context: ConsoleContext): void {
  const site = openSite(context.site);
  const schema = { hide: true };
  app.get('/', { schema }, (request, reply) => {
    reply.header('vary', 'accept').header('cache-control', 'no-cache');
    if (wantsPage(request)) reply.redirect('console/', 302);
    else reply.send(index(context, (call) => app.hasRoute({ method: 'GET', url: `/api/v1/${call}` })));
  });
  for (const [folder, page] of Object.entries({ console: 'index.html', docs: 'docs.html' })) {
    // Relative: a browser that came through a proxy stays below the proxy's path.
    app.get(`/${folder}`, { schema }, (_request, reply) => reply.redirect(`${folder}/`, 302));
    app.get(`/${folder}/`, { schema }, async (request, reply) => sendPage(request, reply, await site(), page));
    app.get(`/${folder}/assets/:file`, { schema }, async (request, reply) => {
      const { file } = request.params as { readonly file: string };
      return sendAsset(request, reply, await site(), `assets/${file}`);
    });
  }
}

/** A browser asks for HTML first; curl and libraries accept anything. */
function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true;
}

/** A ledger of queries, the nodes of a cluster. */
const optionalCalls = ['queries', 'nodes'];

function index({ version, origin, dnsPort }: ConsoleContext, has: (call: string) => boolean) {
  return {
    name: 'rollcall',
    version,
    origin,
    ...(dnsPort === undefined ? {} : { dnsPort }),
    api: 'api/v1',
    description: 'openapi.json',
    docs: 'docs/',
    console: 'console/',
    health: 'healthz',
    ready: 'readyz',
    metrics: 'metrics',
    // Only where this server has them.
    ...Object.fromEntries(optionalCalls.filter(has).map((call) => [call, `api/v1/${call}`])),
  };
}

function sendPage(request: FastifyRequest, reply: FastifyReply, state: SiteState, page: string): FastifyReply {
  if (state.kind === 'missing') return sendHint(reply, state.hint);
  const file = state.site.get(page);
  if (file === undefined) return sendHint(reply, `The console was built without ${page}.`);
  return sendFile(request, reply.header('cache-control', 'no-cache'), file);
}

function sendAsset(request: FastifyRequest, reply: FastifyReply, state: SiteState, path: string): FastifyReply {
  const file = state.kind === 'built' ? state.site.get(path) : undefined;
  if (file === undefined) {
    reply.callNotFound();
    return reply;
  }
  // The name has the content's hash in it.
  return sendFile(request, reply.header('cache-control', 'public, max-age=31536000, immutable'), file);
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: SiteFile): FastifyReply {
  const { contentType, etag, plain } = file;
  reply.headers(protection).header('etag', etag).header('vary', 'accept-encoding');
  if (request.headers['if-none-match']?.includes(etag) === true) return reply.code(304).send();
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
  reply.header('content-type', contentType);
  return encoding === undefined ? reply.send(plain) : reply.header('content-encoding', encoding).send(file[encoding]);
}

function sendHint(reply: FastifyReply, hint: string): FastifyReply {
  const text = hint.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return reply
    .code(503)
    .headers(protection)
    .header('cache-control', 'no-store')
    .header('content-type', 'text/html; charset=utf-8')
    .send(`<!doctype html><html lang="en"><title>rollcall console</title><h1>rollcall</h1><pre>${text}</pre></html>`);
}
