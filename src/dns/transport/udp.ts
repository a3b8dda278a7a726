// The datagram transport on Node's own sockets, one per address. Contract of the handler: called once a datagram,
// answers at once. A reply that cannot be sent is counted and forgotten, as UDP allows; nothing here can throw out.

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { udpOctetsMax } from '../message/message.ts';
import type { DnsCounters } from '../server/counters.ts';
import type { Handler } from '../server/handler.ts';
import type { Listen, ListenFailure } from './listen.ts';

/** Bursts wait here while the loop does other work: about 4000 queries. The kernel may cap it lower. */
const receiveBufferOctets = 4 * 1024 * 1024;

export interface UdpListener {
  /** Where Node does not own the socket: it outlives its thread, unless somebody closes it. */
  readonly descriptor?: number;
  readonly listen: Listen;
  /** Answers what has arrived, then closes. */
  close(): Promise<void>;
}

/** How datagrams come and go. */
export interface UdpTransport {
  readonly name: 'dgram' | 'batched';
  /** At a wildcard, replies leave from the address that was asked. */
  readonly takesWildcards: boolean;
  /** `reusePort`: other sockets of this user may listen there too, and each gets a share of the clients (SO_REUSEPORT). */
  listen(
    listen: Listen,
    handler: Handler,
    counters: DnsCounters,
    reusePort?: boolean,
  ): Promise<UdpListener | ListenFailure>;
  /** The thread has work besides its descriptors while `isBusy` says so: the transport then never waits for datagrams. */
  yieldTo(isBusy: () => boolean): void;
}

/** Shares the event loop with everybody else. */
export const dgramUdp: UdpTransport = { name: 'dgram', takesWildcards: false, listen: listenUdp, yieldTo: () => {} };

/** `reusePort`: other sockets of this user may listen there too, and each gets a share of the clients (SO_REUSEPORT). */
export function listenUdp(
  listen: Listen,
  handler: Handler,
  counters: DnsCounters,
  reusePort = false,
): Promise<UdpListener | ListenFailure> {
  const type = isIPv6(listen.host) ? 'udp6' : 'udp4';
  // Replies go to addresses, never to names: without this, every send would take a turn through the name look-up.
  const socket = createSocket({
    type,
    ipv6Only: type === 'udp6',
    reusePort,
    lookup: (host, _options, done) => done(null, host, type === 'udp6' ? 6 : 4),
  });
  let received = 0;
  socket.on('message', (bytes, { address, port }) => {
    received++;
    // No client sends from port 0, and a send to it fails.
    const reply = port === 0 ? undefined : replyTo(bytes, address, handler);
    if (reply !== undefined) socket.send(reply, 0, reply.length, port, address);
  });
  return new Promise((resolve) => {
    socket.once('error', (error) => {
      socket.close();
      resolve({ failed: listen, error });
    });
    socket.bind({ address: listen.host, port: listen.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // A reply that could not be sent, or ECONNREFUSED from an ICMP message about an earlier one. Not a callback of
      // `send`: that would cost a turn of the event loop for every reply.
      socket.on('error', () => counters.sendErrors++);
      setReceiveBuffer(socket);
      resolve({
        listen: { host: listen.host, port: socket.address().port },
        close: () => closed(socket, () => received),
      });
    });
  });
}

const cached = Buffer.alloc(udpOctetsMax);

function replyTo(bytes: Buffer, address: string, handler: Handler): Buffer | undefined {
  const octets = handler.fromCache?.(bytes, 0, bytes.length, cached, 0) ?? 0;
  // A copy, since a socket that cannot send at once keeps it.
  return octets > 0 ? Buffer.from(cached.subarray(0, octets)) : handler(bytes, { transport: 'udp', address });
}

function setReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(receiveBufferOctets);
  } catch {
    // Only a shorter queue: the kernel's default stays.
  }
}

/** Whoever keeps sending does not keep the socket: so many rounds of the event loop, each of 32 datagrams. */
const lastRoundsMax = 128;

/** Closes once a round of reading has brought nothing. */
async function closed(socket: Socket, received: () => number): Promise<void> {
  for (let round = 0, before = -1; round < lastRoundsMax && before !== received(); round++) {
    before = received();
    // Two, because the first may end the round in which this was called, whose reading is over.
    await nextTurn();
    await nextTurn();
  }
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
}
