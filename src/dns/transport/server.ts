// The DNS listeners: for every address one UDP and one TCP socket on one port, since a client that gets TC comes
// back over TCP to where it asked. All open or none.

import type { Listen, ListenFailure } from '../../model/listen.ts';
import type { DnsCounters } from '../server/counters.ts';
import type { Handler } from '../server/handler.ts';
import { spreadWildcard, wildcardsOf, withoutCovered } from './listen.ts';
import { listenTcp } from './tcp.ts';
import type { TcpLimits } from './tcp-connections.ts';
import { dgramUdp, type UdpTransport } from './udp.ts';

export interface DnsServer {
  /** Addresses with the ports that were given for port 0. */
  readonly listens: readonly Listen[];
  /** What was asked for, with the same ports. */
  readonly wanted: readonly Listen[];
  /** Answers what has arrived, then closes. */
  close(): Promise<void>;
}

export interface DnsServerDeps {
  readonly handler: Handler;
  readonly counters: DnsCounters;
  readonly tcp: TcpLimits;
  /** Other threads listen at the same addresses. */
  readonly reusePort?: boolean;
  /** How datagrams come and go; Node's own sockets unless given. */
  readonly udp?: UdpTransport;
  /** A descriptor that outlives its thread is open from now on: see UdpListener. */
  opened?(descriptor: number): void;
}

interface Pair {
  readonly listen: Listen;
  /** TCP queries have arrived whose turn is to come. */
  readonly hasWaiting: boolean;
  close(): Promise<void>;
}

/** A free TCP port is not always free for UDP: so often is another one tried for port 0. */
const portAttemptsMax = 20;

export async function listenDns(wanted: readonly Listen[], deps: DnsServerDeps): Promise<DnsServer | ListenFailure> {
  const udp = deps.udp ?? dgramUdp;
  const open: Pair[] = [];
  const listens: Listen[] = [];
  const asked: Listen[] = [];
  udp.yieldTo(() => open.some((pair) => pair.hasWaiting));
  const close = async () => {
    await Promise.all(open.map((listener) => listener.close()));
  };
  for (const listen of udp.takesWildcards ? withoutCovered(wanted) : wanted) {
    // A wildcard with port 0 gets one port for all of its addresses.
    let { port } = listen;
    for (const { host } of udp.takesWildcards ? wildcardsOf(listen) : spreadWildcard(listen)) {
      // Both wildcards, or one and an address of its own: once is enough.
      if (port !== 0 && listens.some((other) => other.host === host && other.port === port)) continue;
      const pair = await listenPair({ host, port }, deps, udp);
      if ('failed' in pair) {
        await close();
        return pair;
      }
      port = pair.listen.port;
      open.push(pair);
      listens.push(pair.listen);
    }
    asked.push({ host: listen.host, port });
  }
  return { listens, wanted: asked, close };
}

async function listenPair(listen: Listen, deps: DnsServerDeps, transport: UdpTransport): Promise<Pair | ListenFailure> {
  for (let attempt = 1; ; attempt++) {
    const tcp = await (transport.listenTcp ?? listenTcp)(listen, deps.handler, deps.counters, deps.tcp, deps.reusePort);
    if ('failed' in tcp) return tcp;
    const udp = await transport.listen(tcp.listen, deps.handler, deps.counters, deps.reusePort);
    if (!('failed' in udp)) {
      for (const { descriptor } of [udp, tcp]) if (descriptor !== undefined) deps.opened?.(descriptor);
      const close = async () => {
        await Promise.all([udp.close(), tcp.close()]);
      };
      return {
        listen: tcp.listen,
        get hasWaiting() {
          return tcp.hasWaiting;
        },
        close,
      };
    }
    await tcp.close();
    if (listen.port !== 0 || attempt === portAttemptsMax) return udp;
  }
}
