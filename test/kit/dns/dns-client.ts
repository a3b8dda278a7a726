// DNS over real sockets, in the octets of packet.ts, read by reply.ts: one socket or connection for any number of
// questions, matched by id. A reply that does not come within `patienceMs` is an error; nothing is asked twice.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { frame, type PacketKnobs, packet, type TypeName, typeNumbers } from './packet.ts';
import { type Reply, readReply } from './reply.ts';

/** On a busy machine a thread may not get its turn for seconds. */
const patienceMs = 20_000;

export interface DnsClient {
  /** Asks with EDNS by default, as resolvers do. */
  ask(name: string, type?: TypeName | number, knobs?: PacketKnobs): Promise<Reply>;
  close(): void;
}

class Waiting {
  readonly #pending = new Map<number, { resolve(reply: Reply): void; reject(error: Error): void }>();
  #nextId = 1;

  ask(name: string, type: TypeName | number, knobs: PacketKnobs, send: (bytes: Buffer) => void): Promise<Reply> {
    const id = this.#freeId();
    const number = typeof type === 'number' ? type : typeNumbers[type];
    return new Promise((resolve, reject) => {
      const late = () => this.#settle(id, (one) => one.reject(new Error(`no reply for ${name} ${type}`)));
      const timer = setTimeout(late, patienceMs);
      const done = <Value>(settle: (value: Value) => void) => {
        return (value: Value) => {
          clearTimeout(timer);
          settle(value);
        };
      };
      this.#pending.set(id, { resolve: done(resolve), reject: done(reject) });
      send(packet({ edns: true, ...knobs, id, name, type: number }));
    });
  }

  hear(bytes: Buffer): void {
    this.#settle(bytes.readUInt16BE(0), (one) => {
      try {
        one.resolve(readReply(bytes));
      } catch (error) {
        one.reject(error as Error);
      }
    });
  }

  failAll(error: Error): void {
    for (const id of this.#pending.keys()) this.#settle(id, (one) => one.reject(error));
  }

  #settle(id: number, settle: (one: { resolve(reply: Reply): void; reject(error: Error): void }) => void): void {
    const one = this.#pending.get(id);
    this.#pending.delete(id);
    if (one !== undefined) settle(one);
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId + 1) & 0xffff;
    while (this.#pending.has(this.#nextId));
    return this.#nextId;
  }
}

export function udpClient(port: number, host = '127.0.0.1'): Promise<DnsClient> {
  const waiting = new Waiting();
  const socket: UdpSocket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (bytes) => waiting.hear(bytes));
  socket.on('error', (error) => waiting.failAll(error));
  return new Promise((resolve) => {
    socket.connect(port, host, () =>
      resolve({
        ask: (name, type = 'A', knobs = {}) => waiting.ask(name, type, knobs, (bytes) => socket.send(bytes)),
        close() {
          waiting.failAll(new Error('the client was closed'));
          socket.close();
        },
      }),
    );
  });
}

export async function tcpClient(port: number, host = '127.0.0.1'): Promise<DnsClient> {
  const waiting = new Waiting();
  const socket = await connected(port, host);
  let held: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0);
      waiting.hear(held.subarray(2, end));
      held = held.subarray(end);
    }
  });
  socket.on('error', (error) => waiting.failAll(error));
  socket.on('end', () => waiting.failAll(new Error('the server closed its side')));
  socket.on('close', () => waiting.failAll(new Error('the connection was closed')));
  return {
    ask: (name, type = 'A', knobs = {}) => waiting.ask(name, type, knobs, (bytes) => socket.write(frame(bytes))),
    close() {
      waiting.failAll(new Error('the client was closed'));
      socket.destroy();
    },
  };
}

/** A plain TCP connection, open. */
export function connected(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}

/** `A 10.0.0.1`, sorted: the data of the answer section. */
export function answersOf(reply: Reply): string[] {
  return reply.answer.map(({ type, data }) => `${type} ${data}`).sort();
}
