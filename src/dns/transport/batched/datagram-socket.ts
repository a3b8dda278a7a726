// Opening a datagram socket that Node knows nothing of. It is ours to close. Left at the system's settings as Node's own
// sockets are, so that large replies are treated alike; but with longer queues, and at a wildcard address the kernel
// has which address was asked.

import { constants } from 'node:os';
import type { Listen, ListenFailure } from '../../../model/listen.ts';
import type { LibC } from './libc.ts';
import {
  AF_INET,
  type AF_INET6,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  sockaddr6,
} from './linux.ts';
import { socketAddress } from './socket-address.ts';

/** Bursts wait here while the thread does other work: about 4000 queries. The kernel may cap it lower. */
const queueOctets = 4 * 1024 * 1024;

export type Family = typeof AF_INET | typeof AF_INET6;

export interface DatagramSocket {
  readonly fd: number;
  readonly family: Family;
  /** Bound to all addresses: the one that was asked comes with each datagram. */
  readonly isWildcard: boolean;
  /** With the port that was given for port 0. */
  readonly listen: Listen;
}

/** `reusePort`: other sockets of this user may listen there too, and each gets a share of the clients (SO_REUSEPORT). */
export function openDatagramSocket(libc: LibC, listen: Listen, reusePort: boolean): DatagramSocket | ListenFailure {
  const address = socketAddress(listen.host, listen.port);
  if (address === undefined) return failure(listen, 'EINVAL', 'no address of this machine');
  const family = address.readUInt16LE() as Family;
  const fd = libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(libc, listen, 'socket');
  const set = (level: number, option: number, value: number): boolean => {
    const octets = Buffer.alloc(4);
    octets.writeInt32LE(value);
    return libc.setsockopt(fd, level, option, octets, octets.length) === 0;
  };
  const isWildcard = listen.host === '0.0.0.0' || listen.host === '::';
  const isSet =
    (family === AF_INET || set(IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
    (!reusePort || set(SOL_SOCKET, SO_REUSEPORT, 1)) &&
    (!isWildcard || (family === AF_INET ? set(IPPROTO_IP, IP_PKTINFO, 1) : set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)));
  if (!isSet || libc.bind(fd, address, address.length) !== 0) {
    const cannot = failed(libc, listen, isSet ? 'bind' : 'setsockopt');
    libc.close(fd);
    return cannot;
  }
  // Only shorter queues where neither is allowed.
  if (!set(SOL_SOCKET, SO_RCVBUFFORCE, queueOctets)) set(SOL_SOCKET, SO_RCVBUF, queueOctets);
  if (!set(SOL_SOCKET, SO_SNDBUFFORCE, queueOctets)) set(SOL_SOCKET, SO_SNDBUF, queueOctets);
  return { fd, family, isWildcard, listen: { host: listen.host, port: portOf(libc, fd) } };
}

function portOf(libc: LibC, fd: number): number {
  const name = Buffer.alloc(sockaddr6.octets);
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(name.length);
  libc.getsockname(fd, name, octets);
  return name.readUInt16BE(sockaddr6.port);
}

/** As Node's own sockets fail: `bind EADDRINUSE 127.0.0.1:53`. */
function failed(libc: LibC, listen: Listen, call: string): ListenFailure {
  const errno = libc.errno();
  const [code] = Object.entries(constants.errno).find(([, number]) => number === errno) ?? [`errno ${errno}`];
  return failure(listen, code, call);
}

function failure(listen: Listen, code: string, why: string): ListenFailure {
  const error = new Error(`${why} ${code} ${listen.host}:${listen.port}`);
  return { failed: listen, error: Object.assign(error, { code }) };
}
