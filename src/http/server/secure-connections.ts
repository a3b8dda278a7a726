// TLS for the HTTP plane. It lies between the listeners and the HTTP server: a connection is counted and limited as raw
// TCP before its handshake costs anything, and what comes out of the handshake goes where a plain connection would go:
// HTTP/1.1 to the very same server with the same parser, times and guards, HTTP/2 to http2-sessions.ts. So no guard has a second
// version for TLS. (fastify's own `https` makes another server, on which the guards of raw connections would find nothing.)
// Versions and ciphers are those of tls-policy.ts.
// A client certificate that cannot be verified ends the connection also where none is required: a client that shows one
// means to be known by it.
// Limits: `handshakesMax` at the same time, each of `handshakeMs`. A new certificate is for new connections; open ones go on.

import type { Server, Socket } from 'node:net';
import { createServer, type PeerCertificate, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Certificate } from '../../runtime/certificate.ts';
import { tlsPolicy } from '../../runtime/tls-policy.ts';

export const clientAuths = ['none', 'optional', 'required'] as const;
export type ClientAuth = (typeof clientAuths)[number];

export interface SecureConnectionsDeps {
  readonly certificate: {
    readonly current: Certificate;
    on(events: { onReload(certificate: Certificate): void; onProblem(problem: string): void }): void;
  };
  readonly clientAuth: ClientAuth;
  readonly counts: TlsCounts;
}

/** What became of handshakes. Read once a scrape. */
export class TlsCounts {
  done = 0;
  /** The client went, spoke no TLS, an old version, or showed no certificate that is accepted. */
  failed = 0;
  /** Closed before a handshake, because too many were in progress. */
  refused = 0;
}

/** A fleet that comes back at once; each takes some 30 kB, and one that is waited for has been slow for a second. */
const handshakesMax = 1000;
const handshakeMs = 5000;

const certificateName = Symbol('name of the client certificate');

interface Certified {
  [certificateName]?: string;
}

/** The name that a client has proved with a certificate; undefined: it has shown none. Hot. */
export function certificateNameOf(socket: Socket): string | undefined {
  // A property and no map: of an HTTP/2 request `socket` is a proxy, which reads through to the connection.
  return (socket as Certified)[certificateName];
}

export class SecureConnections {
  readonly #http: Server;
  readonly #http2: Server;
  readonly #deps: SecureConnectionsDeps;
  readonly #tls: ReturnType<typeof createServer>;
  /** Raw connections whose handshake is not done. */
  readonly #handshakes = new Set<Socket>();

  /** What has spoken for HTTP/1.1, or for nothing, is given to `http` as a connection, the others to `http2`. */
  constructor(http: Server, http2: Server, deps: SecureConnectionsDeps) {
    this.#http = http;
    this.#http2 = http2;
    this.#deps = deps;
    const { certificate, counts } = deps;
    this.#tls = createServer({ ...contextOf(deps, certificate.current), ...serverOptions(deps.clientAuth) });
    certificate.on({ onReload: (next) => this.#tls.setSecureContext(contextOf(deps, next)), onProblem: () => {} });
    this.#tls.on('secureConnection', (socket) => this.#secured(socket));
    // Node has closed it.
    this.#tls.on('tlsClientError', () => {
      counts.failed++;
    });
  }

  /** Takes a raw connection that was counted. */
  readonly accept = (raw: Socket): void => {
    raw.on('error', () => {});
    // Node's HTTP server wants half-open connections. A client that leaves during its handshake would be waited for.
    raw.allowHalfOpen = false;
    if (this.#handshakes.size >= handshakesMax) {
      this.#deps.counts.refused++;
      raw.destroy();
      return;
    }
    this.#handshakes.add(raw);
    raw.once('close', () => this.#handshakes.delete(raw));
    this.#tls.emit('connection', raw);
  };

  /** Ends the handshakes that are in progress; the HTTP servers end what they have. */
  close(): void {
    for (const raw of this.#handshakes) raw.destroy();
  }

  #secured(socket: TLSSocket): void {
    const { clientAuth, counts } = this.#deps;
    const raw = (socket as { readonly _parent?: Socket })._parent;
    if (raw !== undefined) this.#handshakes.delete(raw);
    if (clientAuth !== 'none') {
      const shown = certificateOf(socket);
      if (shown.kind === 'refused') {
        counts.failed++;
        socket.destroy();
        return;
      }
      if (shown.kind === 'name') (socket as Certified)[certificateName] = shown.name;
    }
    counts.done++;
    const isHttp2 = socket.alpnProtocol === 'h2';
    // The end of the client is the end of the connection; HTTP/1.1 answers first.
    socket.allowHalfOpen = !isHttp2;
    (isHttp2 ? this.#http2 : this.#http).emit('connection', socket);
  }
}

function contextOf({ clientAuth }: SecureConnectionsDeps, { cert, key, clientCa }: Certificate): TlsOptions {
  return {
    cert,
    key,
    ...tlsPolicy,
    // A session is only taken up again by who has made it under the same demands.
    sessionIdContext: `rollcall ${clientAuth}`,
    ...(clientCa === undefined ? {} : { ca: clientCa }),
  };
}

function serverOptions(clientAuth: ClientAuth): TlsOptions {
  return {
    ALPNProtocols: ['h2', 'http/1.1'],
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'required',
    handshakeTimeout: handshakeMs,
  };
}

type ClientCertificate = { readonly kind: 'nothing' | 'refused' } | { readonly kind: 'name'; readonly name: string };

/** The common name of the subject, else the first name of the certificate's own that is a URI, a mail address or a host. */
function certificateOf(socket: TLSSocket): ClientCertificate {
  const { subject, subjectaltname } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  if (subject === undefined) return { kind: 'nothing' };
  const [commonName] = [subject.CN].flat();
  const alternative = /^(?:URI|DNS|email):([^",]+)/.exec(subjectaltname ?? '')?.[1];
  const name = commonName ?? alternative;
  const isUsable = socket.authorized && name !== undefined && namePattern.test(name);
  return isUsable ? { kind: 'name', name } : { kind: 'refused' };
}

/** It is logged, and kept with changes. */
const namePattern = /^[\x21-\x7e][\x20-\x7e]{0,252}$/;
