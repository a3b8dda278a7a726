// Opening and binding a socket that Node knows nothing of. It is ours to close.

import { constants } from 'node:os';
import type { Listen, ListenFailure } from '../../../model/listen.ts';
import type { LibC } from './libc.ts';
import {
  AF_INET,
  type AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  type SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  sockaddr6,
} from './linux.ts';
import { socketAddress } from './socket-address.ts';

export type Family = typeof AF_INET | typeof AF_INET6;

export interface BoundSocket {
  readonly fd: number;
  readonly family: Family;
  /** With the port that was given for port 0. */
  readonly listen: Listen;
}

/** Sets an option that is a number; false: it cannot be. */
export type SetOption = (level: number, option: number, value: number) => boolean;

/**
 * `reusePort`: other sockets of this user may listen there too, and each gets a share of the clients (SO_REUSEPORT).
 * `prepare`: sets further options before it is bound; false: one that is needed cannot be set.
 */
export function openBound(
  libc: LibC,
  listen: Listen,
  type: typeof SOCK_DGRAM | typeof SOCK_STREAM,
  reusePort: boolean,
  prepare: (set: SetOption, family: Family) => boolean,
): BoundSocket | ListenFailure {
  const address = socketAddress(listen.host, listen.port);
  if (address === undefined) return failure(listen, 'EINVAL', 'no address of this machine');
  const family = address.readUInt16LE() as Family;
  const fd = libc.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(libc, listen, 'socket');
  const set: SetOption = (level, option, value) => {
    const octets = Buffer.alloc(4);
    octets.writeInt32LE(value);
    return libc.setsockopt(fd, level, option, octets, octets.length) === 0;
  };
  const isSet =
    (family === AF_INET || set(IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
    (!reusePort || set(SOL_SOCKET, SO_REUSEPORT, 1)) &&
    prepare(set, family);
  if (isSet && libc.bind(fd, address, address.length) === 0)
    return { fd, family, listen: { host: listen.host, port: portOf(libc, fd) } };
  const cannot = failed(libc, listen, isSet ? 'bind' : 'setsockopt');
  libc.close(fd);
  return cannot;
}

/** Connections that wait to be accepted. */
const backlog = 511;

/** A stream socket that listens, with what Node sets on its own. */
export function openStreamSocket(libc: LibC, listen: Listen, reusePort: boolean): BoundSocket | ListenFailure {
  // Or the port would be taken for a minute after a restart, by connections that have ended.
  const socket = openBound(libc, listen, SOCK_STREAM, reusePort, (set) => set(SOL_SOCKET, SO_REUSEADDR, 1));
  if ('failed' in socket || libc.listen(socket.fd, backlog) === 0) return socket;
  const cannot = failed(libc, listen, 'listen');
  libc.close(socket.fd);
  return cannot;
}

function portOf(libc: LibC, fd: number): number {
  const name = Buffer.alloc(sockaddr6.octets);
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(name.length);
  libc.getsockname(fd, name, octets);
  return name.readUInt16BE(sockaddr6.port);
}

/** Why the last call failed, as Node's own sockets fail: `bind EADDRINUSE 127.0.0.1:53`. */
function failed(libc: LibC, listen: Listen, call: string): ListenFailure {
  const errno = libc.errno();
  const [code] = Object.entries(constants.errno).find(([, number]) => number === errno) ?? [`errno ${errno}`];
  return failure(listen, code, call);
}

function failure(listen: Listen, code: string, why: string): ListenFailure {
  const error = new Error(`${why} ${code} ${listen.host}:${listen.port}`);
  return { failed: listen, error: Object.assign(error, { code }) };
}
