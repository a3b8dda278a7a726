// DNS over TLS in Node's own TLS: one connection, questions one after the other or many at once.

import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { until } from '../process/until.ts';
import { frame, type PacketKnobs, packet } from './packet.ts';
import { type Reply, readReply } from './reply.ts';

export interface TlsClient {
  readonly socket: TLSSocket;
  readonly replies: Reply[];
  ask(knobs?: PacketKnobs): Promise<Reply>;
}

/** Open, as `dot` by default. It is closed with the leftovers. */
export async function tlsClient(
  port: number,
  options: ConnectionOptions,
  leftovers: (() => unknown)[],
): Promise<TlsClient> {
  const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['dot'], ...options });
  leftovers.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  const replies: Reply[] = [];
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0);
      replies.push(readReply(held.subarray(2, end)));
      held = held.subarray(end);
    }
  });
  const ask = async (knobs: PacketKnobs = {}): Promise<Reply> => {
    const count = replies.length;
    socket.write(frame(packet(knobs)));
    await until('a reply', () => replies.length > count, { everyMs: 2 });
    return replies[count] as Reply;
  };
  return { socket, replies, ask };
}
