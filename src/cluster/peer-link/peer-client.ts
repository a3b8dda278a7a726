// Calls to one peer, over a few connections that stay open. A call that fails is worth nothing and is not tried again:
// what matters comes again with the next hello or the next renewal.
// Limits: `atOnceMax` connections, `inFlightMax` calls; what comes above fails at once.

import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { PeerCredentials } from './credentials.ts';
import type { PeerCall } from './messages.ts';
import { isTls, peerRequest } from './peer-request.ts';

const atOnceMax = 4;
const inFlightMax = 64;
const replyOctetsMax = 1_048_576;

export class PeerClient {
  readonly url: string;
  readonly #credentials: PeerCredentials;
  readonly #agent: HttpAgent | HttpsAgent;
  #inFlight = 0;

  constructor(url: string, credentials: PeerCredentials) {
    this.url = url;
    this.#credentials = credentials;
    const options = { keepAlive: true, maxSockets: atOnceMax };
    this.#agent = isTls(url) ? new HttpsAgent({ ...options, ...credentials.tls }) : new HttpAgent(options);
  }

  /** The reply's JSON; undefined: no answer, or none that can be used. Never rejects. */
  call(call: PeerCall, body: object, withinMs: number): Promise<unknown> {
    if (this.#inFlight >= inFlightMax) return Promise.resolve(undefined);
    this.#inFlight++;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const headers = { 'content-type': 'application/json' };
    const to = { url: this.url, path: call, credentials: this.#credentials, agent: this.#agent };
    const request = peerRequest(to, { method: 'POST', headers });
    const timer = setTimeout(() => request.destroy(new Error('no reply in time')), withinMs);
    request.on('error', () => resolve(undefined));
    request.on('response', (response) => void read(response).then(resolve));
    request.end(JSON.stringify(body));
    return promise.finally(() => {
      clearTimeout(timer);
      this.#inFlight--;
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function read(response: IncomingMessage): Promise<unknown> {
  try {
    const text = await textOf(response, replyOctetsMax);
    return response.statusCode === 200 && text !== undefined ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: it is longer, and not read to its end. */
export async function textOf(message: IncomingMessage, octetsMax: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > octetsMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
