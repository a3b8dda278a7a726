// Open connections, in all and of one client. One too many is refused in HTTP and closed: the refusal is written
// without waiting for a request, and what the client sends is read and dropped for a moment, because closing on unread
// data is a reset, which takes the refusal with it. Under TLS it is closed without a word: the word would cost a handshake.
// Limits: `lingeringMax` are refused so at the same time; more are closed without a reply.

import { STATUS_CODES } from 'node:http';
import type { Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { HttpCounters } from '../../model/http-counters.ts';
import { clientOf } from '../server/client-address.ts';
import { type Failure, failures, problemContentType, problemDocument } from '../server/problem-details.ts';
import { retryAfter } from '../server/retry-after.ts';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  readonly connectionsPerClientMax: number;
}

const lingeringMax = 200;
const lingerMs = 1000;
const retryAfterSeconds = 2;

export interface LimitDeps {
  readonly counters: HttpCounters;
  readonly random: () => number;
  /** Makes TLS of a connection that is admitted, and brings it back as another one; undefined: plain HTTP. */
  readonly secure?: ((raw: Socket) => void) | undefined;
}

/** Placed between the server and its new connections, whichever listener they come from. */
export function limitConnections(
  server: Server,
  limits: ConnectionLimits,
  { counters, random, secure }: LimitDeps,
): void {
  const serve = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  // What is beyond even the last word.
  server.maxConnections = limits.connectionsMax + lingeringMax;
  server.on('drop', () => counters.refused('connections'));
  const ofClient = new Map<string, number>();
  let open = 0;
  let lingering = 0;
  server.on('connection', (socket: Socket) => {
    // It was counted when it was raw.
    if (secure !== undefined && socket instanceof TLSSocket) {
      for (const listener of serve) listener.call(server, socket);
      return;
    }
    const client = clientOf(socket.remoteAddress ?? '');
    const own = ofClient.get(client) ?? 0;
    if (open < limits.connectionsMax && own < limits.connectionsPerClientMax) {
      open++;
      counters.connected(1);
      ofClient.set(client, own + 1);
      socket.once('close', () => {
        open--;
        counters.connected(-1);
        const left = (ofClient.get(client) as number) - 1;
        if (left === 0) ofClient.delete(client);
        else ofClient.set(client, left);
      });
      if (secure === undefined) for (const listener of serve) listener.call(server, socket);
      else secure(socket);
      return;
    }
    const isFull = open >= limits.connectionsMax;
    counters.refused(isFull ? 'connections' : 'client-connections');
    socket.on('error', () => {});
    if (lingering >= lingeringMax || secure !== undefined) {
      socket.destroy();
      return;
    }
    lingering++;
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => {
      clearTimeout(timer);
      lingering--;
    });
    socket.resume();
    socket.end(refusal(isFull ? fullServer(limits) : fullClient(limits, client), random));
  });
}

function fullServer({ connectionsMax }: ConnectionLimits): Failure {
  const detail = `Cannot take another connection: ${connectionsMax} are open.`;
  return { kind: 'too-many-connections', detail };
}

function fullClient({ connectionsPerClientMax }: ConnectionLimits, client: string): Failure {
  const detail = `Cannot take another connection of ${client}: it has ${connectionsPerClientMax} open.`;
  return { kind: 'too-many-of-client', detail };
}

/** A whole response, for a socket that no HTTP server has. */
function refusal(failure: Failure, random: () => number): string {
  const { status } = failures[failure.kind];
  const body = `${JSON.stringify(problemDocument(failure))}\n`;
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${problemContentType}\r\n` +
    `retry-after: ${retryAfter(retryAfterSeconds, random)}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
