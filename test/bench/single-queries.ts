// TCP with a connection for each query, which the client closes.

import { connect } from 'node:net';
import { packet } from '../kit/packet.ts';
import { cpuSeconds } from './cpu.ts';
import { appOf } from './names.ts';
import type { Server } from './started.ts';

const connectionsAtOnce = 32;

export async function eachItsConnection(server: Server, seconds: number): Promise<{ readonly perCpuSecond: number }> {
  const before = cpuSeconds(server.pid);
  const endMs = performance.now() + 1000 * seconds;
  let answered = 0;
  const clients = Array.from({ length: connectionsAtOnce }, async (_, client) => {
    for (let index = client; performance.now() < endMs; index = (index + connectionsAtOnce) % 1000) {
      await askOver(server.port, `${appOf(index)}.prod.svc.`);
      answered++;
    }
  });
  await Promise.all(clients);
  return { perCpuSecond: answered / (cpuSeconds(server.pid) - before) };
}

function askOver(port: number, name: string): Promise<void> {
  const message = packet({ name });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.once('connect', () => socket.write(Buffer.concat([length, message])));
    socket.once('data', () => socket.end());
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}
