// HTTP/2 (RFC 9113) over connections that TLS has made, for the handlers of HTTP/1.1: requests and responses are Node's
// compatible ones, with what HTTP/1.1 names otherwise translated (`Host`), and what HTTP/2 has no header for left out.
// Guards that count connections have counted this one; those that count requests (overload, rates, replies that are not
// read) see every stream as a request. What pipelines.ts does for HTTP/1.1 is here: of a connection, `streamsMax` requests are
// open at the same time, and a body has to be complete in the time of a request.
// Limits: `streamsMax`, `headerOctetsMax`, `sessionMiB`; resets and settings that come too fast end the connection (Node's limits,
// CVE-2023-44487, CVE-2019-9515). A connection on which nothing has moved for the idle time is closed, unless the server is to
// speak next: long polls and watches.

import { createServer, Http2ServerRequest, Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import { problemContentType, problemDocument } from '../server/problem-details.ts';

export interface Http2Times {
  /** A whole request, headers and body. */
  readonly requestMs: number;
  /** A connection on which nothing moves. */
  readonly idleMs: number;
}

/** As many as a connection of HTTP/1.1 may have waiting (pipelines.ts). */
const streamsMax = 32;
/** As Node's for HTTP/1.1. */
const headerOctetsMax = 16 * 1024;
/** A body is 64 KiB and a reply is counted by unsent-replies.ts; this is what Node holds besides. */
const sessionMiB = 4;

/** Fields of the connection, which HTTP/2 forbids (RFC 9113 §8.2.2). */
const connectionHeaders: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

class Response extends Http2ServerResponse {
  override setHeader(name: string, value: number | string | readonly string[]): this {
    if (!connectionHeaders.has(name.toLowerCase())) super.setHeader(name, value);
    return this;
  }

  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.findLast((one) => typeof one === 'object') ?? {};
    const kept = Object.entries(headers).filter(([name]) => !connectionHeaders.has(name.toLowerCase()));
    return super.writeHead(status, Object.fromEntries(kept));
  }
}

/** Open streams whose reply is not complete: the server is to speak. */
type Owed = Set<Http2ServerResponse>;

export class Http2Sessions {
  /** Connections are given to it as `connection` events; it listens nowhere. */
  readonly server: Server;
  readonly #times: Http2Times;
  readonly #sessions = new Map<ServerHttp2Session, Owed>();

  /** `serve` is called with each request. */
  constructor(times: Http2Times, serve: (request: Http2ServerRequest, response: Http2ServerResponse) => void) {
    this.#times = times;
    const server = createServer({
      maxSessionMemory: sessionMiB,
      settings: { maxConcurrentStreams: streamsMax, maxHeaderListSize: headerOctetsMax, enablePush: false },
      Http2ServerRequest,
      Http2ServerResponse: Response,
    });
    server.on('session', (session) => this.#open(session));
    server.on('sessionError', () => {});
    server.on('request', (request, response) => {
      // `session` is gone where the client is.
      const session = request.stream.session as ServerHttp2Session | undefined;
      const owed = session === undefined ? undefined : this.#sessions.get(session);
      owed?.add(response);
      response.on('close', () => owed?.delete(response));
      this.#limitBody(request);
      if (takesHost(request)) serve(request, response);
      else refuseHost(response);
    });
    this.server = server;
  }

  /** How many connections are open. */
  get count(): number {
    return this.#sessions.size;
  }

  /** No further requests; connections end when their last reply is sent. */
  close(): void {
    for (const session of this.#sessions.keys()) session.close();
  }

  destroy(): void {
    for (const session of this.#sessions.keys()) session.destroy();
  }

  #open(session: ServerHttp2Session): void {
    const owed: Owed = new Set();
    this.#sessions.set(session, owed);
    // It ends the connection by itself.
    session.on('error', () => {});
    const { socket } = session;
    let moved = -1;
    const timer = setInterval(() => {
      const octets = socket.bytesRead + socket.bytesWritten;
      const isServersTurn = [...owed].some((response) => !response.writableEnded);
      if (octets === moved && !isServersTurn) session.destroy();
      moved = octets;
    }, this.#times.idleMs);
    timer.unref();
    session.once('close', () => {
      clearInterval(timer);
      this.#sessions.delete(session);
    });
  }

  #limitBody(request: Http2ServerRequest): void {
    if (request.stream.endAfterHeaders) return;
    const timer = setTimeout(() => request.stream.close(cancelled), this.#times.requestMs);
    const clear = (): void => clearTimeout(timer);
    request.once('end', clear);
    request.once('close', clear);
  }
}

/** RFC 9113 §7: the stream is no longer needed. */
const cancelled = 8;

/** Puts the authority where HTTP/1.1 has it (RFC 9113 §8.3.1); false where two are named, or none. */
function takesHost({ headers }: Http2ServerRequest): boolean {
  const { ':authority': authority, host } = headers;
  if (authority === undefined || authority === '') return host !== undefined && host !== '';
  if (host !== undefined && host !== authority) return false;
  headers.host = authority;
  return true;
}

function refuseHost(response: Http2ServerResponse): void {
  const detail = 'Cannot read the request: it names no :authority, or Host is another one.';
  response.writeHead(400, { 'content-type': problemContentType });
  response.end(JSON.stringify(problemDocument({ kind: 'bad-request', detail })));
}
