// A TCP check: a connection comes about.

import { connect } from 'node:net';
import type { Located, ProbeResult } from '../probe.ts';

export function probeTcp({ ip, port }: Located, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ip, port, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve({ kind: 'passed', detail: 'connected' });
    });
  });
}
