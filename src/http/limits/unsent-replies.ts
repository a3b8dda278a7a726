// What has been written to clients and not been taken by the kernel: replies of a megabyte that are not read. Counted by
// client and in all, from the moment at which a reply is ready until its last octet has left the process. A client that is
// over its limit gets 429 instead of the reply. Where all together are over theirs, the oldest reply of the client that has
// most is cut, so that the others go on; that client itself gets 503. An event stream that is blocked then is cut. What one connection may have unsent is bounded by pipelines.ts, which takes no further
// request of it meanwhile, and in time by the idle limit of connections.
// Limits: `unsentLimits`, each exceeded by one reply at most. A reply of less than `smallOctets` is not counted: overload.ts
// limits how many there can be.

import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpCounters } from '../../model/http-counters.ts';
import { clientOf } from '../server/client-address.ts';
import { type Failure, failures, problemContentType, problemDocument } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';

export interface UnsentLimits {
  /** Of one IPv4 address or IPv6 /64, behind which there may be a proxy with clients of its own. */
  readonly perClientOctets: number;
  readonly totalOctets: number;
}

export const unsentLimits: UnsentLimits = { perClientOctets: 64 * 1024 * 1024, totalOctets: 192 * 1024 * 1024 };

const smallOctets = 1024;
/** A file of /docs is read as the client takes it. */
const streamOctets = 64 * 1024;
const retryAfterSeconds = 5;

interface Charge {
  readonly client: Client;
  octets: number;
}

interface Client {
  readonly name: string;
  octets: number;
  /** Those that are charged, the oldest first. */
  readonly responses: Set<ServerResponse>;
}

export class UnsentReplies {
  readonly #limits: UnsentLimits;
  readonly #counters: Pick<HttpCounters, 'refused' | 'unsent'>;
  readonly #clients = new Map<string, Client>();
  readonly #charges = new WeakMap<ServerResponse, Charge>();
  #total = 0;

  constructor(limits: UnsentLimits, counters: Pick<HttpCounters, 'refused' | 'unsent'>) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** Which limit keeps a client from getting more; undefined: none. May cut replies to others. */
  #full(name: string): 'client' | 'total' | undefined {
    const own = this.#clients.get(name)?.octets ?? 0;
    if (own >= this.#limits.perClientOctets) return 'client';
    while (this.#total >= this.#limits.totalOctets) {
      const most = this.#clientWithMost();
      if (most === undefined || most.octets <= own || !this.#cutOldest(most)) return 'total';
    }
    return undefined;
  }

  #clientWithMost(): Client | undefined {
    let most: Client | undefined;
    for (const client of this.#clients.values()) if (most === undefined || client.octets > most.octets) most = client;
    return most;
  }

  #cutOldest({ responses }: Client): boolean {
    const [oldest] = responses;
    if (oldest === undefined) return false;
    this.#counters.refused('unsent-replies');
    this.release(oldest);
    oldest.destroy();
    return true;
  }

  /** Counts so many octets as unsent until the response is closed, or `release` is called for it. */
  charge(response: ServerResponse, name: string, octets: number): void {
    // The client left while its reply was made: nothing is kept for it, and `close` was emitted already.
    if (isClosed(response)) return;
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = { name, octets: 0, responses: new Set() };
      this.#clients.set(name, client);
    }
    const charge = this.#charges.get(response);
    if (charge === undefined) response.once('close', () => this.release(response));
    this.#charges.set(response, { client, octets: octets + (charge?.octets ?? 0) });
    client.responses.add(response);
    this.#add(client, octets);
  }

  release(response: ServerResponse): void {
    const charge = this.#charges.get(response);
    if (charge === undefined || charge.octets === 0) return;
    const { client, octets } = charge;
    charge.octets = 0;
    client.responses.delete(response);
    this.#add(client, -octets);
    if (client.responses.size === 0) this.#clients.delete(client.name);
  }

  /** For a stream that goes on: counts what it holds once it is blocked, and ends it where there is no room for that. */
  follow(response: ServerResponse, client: string): void {
    const { write } = response;
    const followed = (chunk: string | Buffer): boolean => {
      const isFree = write.call(response, chunk, 'utf8');
      if (isFree) return true;
      const why = this.#full(client);
      this.charge(response, client, chunk.length);
      if (why !== undefined) {
        this.#counters.refused('unsent-replies');
        response.destroy();
      }
      return false;
    };
    response.write = followed as typeof response.write;
    response.on('drain', () => this.release(response));
  }

  /** What to answer instead of a reply; undefined: it may be sent. */
  refusal(client: string, random: () => number): Failure | undefined {
    const why = this.#full(client);
    if (why === undefined) return undefined;
    this.#counters.refused('unsent-replies');
    const { perClientOctets, totalOctets } = this.#limits;
    const headers = { 'retry-after': retryAfter(retryAfterSeconds, random) };
    if (why === 'total') {
      const detail = `Cannot send this reply now: clients have ${totalOctets} octets of earlier replies to read.`;
      return { kind: 'overloaded', detail, headers };
    }
    const detail = `Cannot send this reply: ${client} has ${perClientOctets} octets of earlier replies to read.`;
    return { kind: 'unread-replies', detail, headers };
  }

  #add(client: Client, octets: number): void {
    client.octets += octets;
    this.#total += octets;
    this.#counters.unsent(octets);
  }
}

/** A response of HTTP/2 is closed with its stream. */
function isClosed(response: ServerResponse): boolean {
  if (response.destroyed) return true;
  return 'stream' in response && (response as object as Http2ServerResponse).stream.destroyed;
}

/** Adds the limits: to reads before they are served, so that refusing is cheap, and to every reply before it is sent. */
export function limitUnsentReplies(app: FastifyInstance, unsent: UnsentReplies, random: () => number): void {
  const connectionOf = ({ raw }: FastifyRequest): string => clientOf(raw.socket.remoteAddress ?? '');
  app.addHook('preHandler', (request, reply, done) => {
    const failure = request.method === 'GET' ? unsent.refusal(connectionOf(request), random) : undefined;
    if (failure === undefined || isAlwaysServed(request)) done();
    else reply.send(replaced(reply, failure));
  });
  app.addHook('onSend', (request, reply, payload: unknown, done) => {
    const octets = octetsOf(payload);
    if (octets < smallOctets) return done();
    const client = connectionOf(request);
    const failure = unsent.refusal(client, random);
    if (failure !== undefined) {
      if (isStream(payload)) payload.destroy();
      return done(null, replaced(reply, failure));
    }
    unsent.charge(reply.raw, client, octets);
    done();
  });
}

/** Small, and asked for by those who have to know whether the process lives. */
function isAlwaysServed({ url }: FastifyRequest): boolean {
  return url === '/healthz' || url === '/readyz';
}

/** Makes the reply the failure's, whatever it was; returns the body. */
function replaced(reply: FastifyReply, failure: Failure): string {
  for (const name of ['etag', 'cache-control', 'content-length', 'last-modified']) reply.removeHeader(name);
  reply
    .code(failures[failure.kind].status)
    .headers({ ...failure.headers })
    .header('content-type', problemContentType);
  return JSON.stringify(problemDocument(failure));
}

function octetsOf(payload: unknown): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  if (Buffer.isBuffer(payload)) return payload.length;
  return isStream(payload) ? streamOctets : 0;
}

function isStream(payload: unknown): payload is { destroy(): void } {
  return typeof payload === 'object' && payload !== null && 'pipe' in payload && 'destroy' in payload;
}
