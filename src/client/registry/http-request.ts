// One HTTP request over Node's own client, in the shape of `fetch` as far as this client needs it, so that the global
// `fetch` (or one with a proxy, or a tracer's) can take its place. Not `fetch` itself, because that folds `/..` out of a
// path (`..` is a legal instance id), refuses some ports, and costs a short-lived command 45 ms to load.
// Limits: a connection for each request; redirects are not followed, proxies and their variables are not looked at.

import type { ClientRequest, IncomingMessage } from 'node:http';

export interface HttpRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  /** Ends the request, and the body of its response. */
  readonly signal: AbortSignal;
  readonly redirect: 'manual';
  /** The IP address to connect to; undefined: one of those that the host name has. */
  readonly connectTo?: string | undefined;
}

/** What is used of a response; `Response` has it all. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** The global `fetch` is one. */
export type Fetch = (url: string, request: HttpRequest) => Promise<HttpResponse>;

/** For https; PEM. */
export interface TlsOptions {
  /** Authorities that sign the server's certificate, instead of those that Node knows. */
  readonly ca?: string | undefined;
  /** The client's certificate, and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** `httpRequest` with certificates of one's own. */
export function httpRequestWith({ ca, cert, key }: TlsOptions): Fetch {
  const given = Object.entries({ ca, cert, key }).filter(([, pem]) => pem !== undefined);
  return given.length === 0 ? httpRequest : (url, request) => httpRequest(url, request, Object.fromEntries(given));
}

/** `url`: an origin as `URL` gives it, then the path as it is to be sent. Rejects when no response comes. */
export async function httpRequest(
  url: string,
  { method, headers, body, signal, connectTo }: HttpRequest,
  tls: TlsOptions = {},
): Promise<HttpResponse> {
  const { protocol, hostname, host, port, origin } = new URL(url);
  const { request } = await (protocol === 'https:' ? import('node:https') : import('node:http'));
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options = {
    ...tls,
    method,
    host: connectTo ?? hostname.replace(/^\[|\]$/g, ''),
    // The certificate is that of the name, not of the address.
    ...(connectTo === undefined ? {} : { servername: hostname }),
    ...(port === '' ? {} : { port }),
    path: url.slice(origin.length),
    agent: false,
    signal,
    headers: { ...(connectTo === undefined ? {} : { host }), ...headers, ...length },
  } as const;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent: ClientRequest = request(options, resolve);
    // It stays: an error after the response has begun is the response's too, and must not end the process.
    sent.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    sent.end(body);
  });
  const get = (name: string): string | null => {
    const value = response.headers[name];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  };
  return { status: response.statusCode ?? 0, headers: { get }, body: response };
}
