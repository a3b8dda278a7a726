// Keeps web pages of other sites out. A browser on the same machine or network can reach this API, so a page could
// register instances with it: its requests carry an `Origin`, which has to be our own host, or, where they carry none,
// `Sec-Fetch-Site`. And where no token is
// asked for, a page could make its own host name point at us (DNS rebinding): then only IP addresses and localhost are
// accepted in `Host`, unless the operator opened it to all (`--insecure`). There are no CORS headers at all.

import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { printable } from '../../model/problem.ts';
import { foldAscii } from '../../model/text.ts';
import { askedHost } from '../server/client-address.ts';
import { isSecureDnsQuery } from '../server/dns-query-path.ts';
import { sendProblem } from '../server/problem-details.ts';

export interface BrowserGuardOptions {
  /** A caller that shows a token is no page that was led here. */
  readonly hasTokens: boolean;
  /** The operator has taken the risk of an open API. */
  readonly isOpen: boolean;
  /** The host that clients are given: no page can have made that up. */
  readonly publicHost?: string | undefined;
}

/** Adds the guard in front of all routes but the health checks, which reveal nothing. */
export function refuseForeignPages(app: FastifyInstance, options: BrowserGuardOptions): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.url === '/healthz' || request.url === '/readyz' || isSecureDnsQuery(request)) return done();
    const { origin = '' } = request.headers;
    const host = askedHost(request) ?? '';
    const fault = pageFault({ ...pageHeadersOf(request), host: askedHost(request) }, options);
    if (fault === undefined) return done();
    if (fault === 'site') {
      const detail = `Cannot serve a page of another site: Sec-Fetch-Site is ${printable(String(request.headers['sec-fetch-site']))}.`;
      return sendProblem(reply, { kind: 'foreign-origin', detail });
    }
    if (fault === 'origin') {
      const detail = `Cannot serve a page of another site: Origin is ${printable(origin)}, this is ${printable(host === '' ? 'another host' : host)}.`;
      return sendProblem(reply, { kind: 'foreign-origin', detail });
    }
    const detail =
      `Cannot answer as ${printable(host)}: without tokens only an IP address or localhost is accepted as Host, because a web ` +
      `page could have led a browser here. Call the server by its address, or configure tokens.`;
    return sendProblem(reply, { kind: 'unexpected-host', detail });
  });
}

function pageHeadersOf({ headers }: FastifyRequest): PageHeaders {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  return { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode };
}

interface PageHeaders {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
  readonly 'sec-fetch-site'?: string | readonly string[] | undefined;
  readonly 'sec-fetch-mode'?: string | readonly string[] | undefined;
}

/** Which header shows that a page may have made the call, or led a browser here; undefined: none does. Hot. */
export function pageFault(headers: PageHeaders, options: BrowserGuardOptions): 'origin' | 'site' | 'host' | undefined {
  const { origin, host } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, host)) return 'origin';
  if (headers['sec-fetch-site'] !== undefined && isOfOtherSite(headers)) return 'site';
  if (options.hasTokens || options.isOpen || host === undefined || isKnownHost(host)) return undefined;
  return options.publicHost !== undefined && foldAscii(host) === options.publicHost ? undefined : 'host';
}

/** An image, a script or a frame of another page (Fetch Metadata). A link to here that is followed is `navigate`. */
function isOfOtherSite({ 'sec-fetch-site': site, 'sec-fetch-mode': mode }: PageHeaders): boolean {
  return (site === 'cross-site' || site === 'same-site') && mode !== 'navigate';
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  const own = `${protocol}//${host}`;
  return /^https?:$/.test(protocol) && URL.canParse(own) && new URL(own).host === originHost;
}

/** `10.0.0.7:7171`, `[::1]:7171`, `localhost`: with or without a port. */
function isKnownHost(host: string): boolean {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host);
  if (bracketed !== null) return isIP(bracketed[1] as string) === 6;
  const name = foldAscii(host.replace(/:\d*$/, '').replace(/\.$/, ''));
  return isIP(name) === 4 || name === 'localhost';
}
