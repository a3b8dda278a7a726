// The listener for the other nodes of the cluster, apart from the API: what comes here was admitted once already, at the
// node that it came to. Other callers are refused before a body is read.
// Limits: one message in a mebibyte, `connectionsMax` connections, ten seconds a request.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isShown, type PeerCredentials } from './credentials.ts';
import { calls, type PeerCall } from './messages.ts';
import { textOf } from './peer-client.ts';

const bodyOctetsMax = 1_048_576;
const connectionsMax = 256;
const requestMs = 10_000;

/** The reply to a call; undefined: the message is none of this version. */
export type PeerHandler = (call: PeerCall, body: unknown) => object | undefined | Promise<object | undefined>;

/** Where nodes follow each other's changes: the reply goes on until one of them ends it. */
export type ChangesHandler = (query: URLSearchParams, response: ServerResponse) => void;

export class PeerServer {
  readonly #credentials: PeerCredentials;
  readonly #handler: PeerHandler;
  readonly #changes: ChangesHandler | undefined;
  readonly #server: Server;

  constructor(credentials: PeerCredentials, handler: PeerHandler, changes?: ChangesHandler) {
    this.#credentials = credentials;
    this.#handler = handler;
    this.#changes = changes;
    const answer = (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response);
    const options = { requestTimeout: requestMs, headersTimeout: requestMs };
    const { tls } = credentials;
    this.#server =
      tls === undefined
        ? createServer(options, answer)
        : createTlsServer({ ...options, ...tls, requestCert: true, rejectUnauthorized: true }, answer);
    this.#server.maxConnections = connectionsMax;
  }

  /** The port; an error where it cannot listen. */
  listen(host: string, port: number): Promise<number | Error> {
    const { promise, resolve } = Promise.withResolvers<number | Error>();
    this.#server.once('error', resolve);
    this.#server.listen({ host, port }, () => {
      this.#server.off('error', resolve);
      resolve((this.#server.address() as AddressInfo).port);
    });
    return promise;
  }

  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    return promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = calls.find((one) => request.url === `/peer/v1/${one}`);
    if (!isShown(this.#credentials, request.headers.authorization)) return end(response, 401, {});
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://peer');
    if (this.#changes !== undefined && request.method === 'GET' && pathname === '/peer/v1/changes')
      return this.#changes(searchParams, response);
    if (call === undefined || request.method !== 'POST') return end(response, 404, {});
    try {
      const text = await textOf(request, bodyOctetsMax);
      if (text === undefined) return end(response, 413, {});
      const reply = await this.#handler(call, jsonOf(text));
      end(response, reply === undefined ? 400 : 200, reply ?? {});
    } catch {
      // The peer has gone.
      response.destroy();
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function end(response: ServerResponse, status: number, body: object): void {
  // What is left of a refused body is not read: the connection closes with it.
  const connection = status === 200 ? {} : { connection: 'close' };
  response.writeHead(status, { 'content-type': 'application/json', ...connection }).end(JSON.stringify(body));
}
