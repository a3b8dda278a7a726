// Opening a datagram socket that Node knows nothing of. Left at the system's settings as Node's own sockets are, so that
// large replies are treated alike; but with longer queues, and at a wildcard address the kernel has which address was asked.

import type { Listen, ListenFailure } from '../../../model/listen.ts';
import { type BoundSocket, openBound } from './bound-socket.ts';
import type { LibC } from './libc.ts';
import {
  AF_INET,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './linux.ts';

/** Bursts wait here while the thread does other work: about 4000 queries. The kernel may cap it lower. */
const queueOctets = 4 * 1024 * 1024;

export interface DatagramSocket extends BoundSocket {
  /** Bound to all addresses: the one that was asked comes with each datagram. */
  readonly isWildcard: boolean;
}

/** `reusePort`: other sockets of this user may listen there too, and each gets a share of the clients (SO_REUSEPORT). */
export function openDatagramSocket(libc: LibC, listen: Listen, reusePort: boolean): DatagramSocket | ListenFailure {
  const isWildcard = listen.host === '0.0.0.0' || listen.host === '::';
  const socket = openBound(libc, listen, SOCK_DGRAM, reusePort, (set, family) => {
    // Only shorter queues where neither is allowed.
    if (!set(SOL_SOCKET, SO_RCVBUFFORCE, queueOctets)) set(SOL_SOCKET, SO_RCVBUF, queueOctets);
    if (!set(SOL_SOCKET, SO_SNDBUFFORCE, queueOctets)) set(SOL_SOCKET, SO_SNDBUF, queueOctets);
    if (!isWildcard) return true;
    return family === AF_INET ? set(IPPROTO_IP, IP_PKTINFO, 1) : set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  });
  return 'failed' in socket ? socket : { ...socket, isWildcard };
}
