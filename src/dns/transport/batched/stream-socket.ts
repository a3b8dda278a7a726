// Opening a listening stream socket that Node knows nothing of, with what Node sets on its own.

import type { Listen, ListenFailure } from '../../../model/listen.ts';
import { type BoundSocket, failed, openBound } from './bound-socket.ts';
import type { LibC } from './libc.ts';
import { SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET } from './linux.ts';

/** Connections that wait to be accepted. */
export const backlog = 511;

/** `reusePort`: see `openBound`. */
export function openStreamSocket(libc: LibC, listen: Listen, reusePort: boolean): BoundSocket | ListenFailure {
  // Or the port would be taken for a minute after a restart, by connections that have ended.
  const socket = openBound(libc, listen, SOCK_STREAM, reusePort, (set) => set(SOL_SOCKET, SO_REUSEADDR, 1));
  if ('failed' in socket || libc.listen(socket.fd, backlog) === 0) return socket;
  const cannot = failed(libc, listen, 'listen');
  libc.close(socket.fd);
  return cannot;
}
