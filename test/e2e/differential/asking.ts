// Many questions to one server at once, over one UDP socket or one TCP connection, matched by their ids. What is lost
// on UDP is asked again: here the answers are compared, not the ways they take.

import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { connected } from '../../kit/dns/dns-client.ts';
import { frame, packet } from '../../kit/dns/packet.ts';
import { until } from '../../kit/process/until.ts';

/** In flight at once: less than any server's or socket's queue. */
const windowMax = 100;
const patienceMs = 1000;
const triesMax = 8;

/** Octets to octets: one reply for each request, in their order; undefined: silence. Ids of requests are overwritten. */
export interface Line {
  ask(requests: readonly Buffer[]): Promise<(Buffer | undefined)[]>;
  close(): void;
}

export async function udpLine(port: number): Promise<Line> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
  const exchange = new Exchange((request) => socket.send(request), triesMax);
  socket.on('message', (reply) => exchange.hear(reply));
  socket.on('error', () => {});
  return { ask: (requests) => exchange.ask(requests), close: () => socket.close() };
}

export async function tcpLine(port: number): Promise<Line> {
  const socket = await connected(port);
  const exchange = new Exchange((request) => socket.write(frame(request)), 1);
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = 2;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    if (held < wanted) return;
    let all = Buffer.concat(chunks);
    for (wanted = wantedOf(all); all.length >= wanted && wanted > 2; wanted = wantedOf(all)) {
      exchange.hear(all.subarray(2, wanted));
      all = all.subarray(wanted);
    }
    chunks = [all];
    held = all.length;
  });
  return { ask: (requests) => exchange.ask(requests), close: () => socket.destroy() };
}

/** Octets of the frame at the beginning, or 2 where its length is not known yet. */
function wantedOf(octets: Buffer): number {
  return octets.length < 2 ? 2 : 2 + octets.readUInt16BE(0);
}

/** A window of requests that moves over a list. */
class Exchange {
  readonly #send: (request: Buffer) => void;
  readonly #triesMax: number;
  readonly #pending = new Map<number, (reply: Buffer | undefined) => void>();
  #lastId = 0;

  constructor(send: (request: Buffer) => void, tries: number) {
    this.#send = send;
    this.#triesMax = tries;
  }

  async ask(requests: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    const replies: (Buffer | undefined)[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < requests.length; index = next++) {
        replies[index] = await this.#one(requests[index] as Buffer);
      }
    };
    await Promise.all(Array.from({ length: windowMax }, worker));
    return replies;
  }

  hear(reply: Buffer): void {
    this.#pending.get(reply.readUInt16BE(0))?.(reply);
  }

  async #one(template: Buffer): Promise<Buffer | undefined> {
    const request = Buffer.from(template);
    for (let tries = 0; tries < this.#triesMax; tries++) {
      // A new id for each try: a late reply to an earlier one matches none.
      const id = this.#freeId();
      request.writeUInt16BE(id, 0);
      const reply = await this.#answerTo(id, request);
      if (reply !== undefined) return reply;
    }
    return undefined;
  }

  #answerTo(id: number, request: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const settle = (reply: Buffer | undefined): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        resolve(reply);
      };
      const timer = setTimeout(settle, this.#triesMax === 1 ? 10 * patienceMs : patienceMs, undefined);
      this.#pending.set(id, settle);
      this.#send(request);
    });
  }

  #freeId(): number {
    do this.#lastId = (this.#lastId + 1) & 0xffff;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }
}

/** Of the question that shows that all before it have been read; no request has it. */
const lastId = 0xfffe;

/**
 * Sends each request once, under its own id, and hears what comes back until a question behind them is answered, and then
 * until it is quiet for so long: id -> reply.
 */
export async function hearAll(
  port: number,
  requests: readonly Buffer[],
  quietMs = patienceMs,
): Promise<Map<number, Buffer>> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
  const heard = new Map<number, Buffer>();
  let lastAt = performance.now();
  socket.on('error', () => {});
  socket.on('message', (reply) => {
    lastAt = performance.now();
    heard.set(reply.readUInt16BE(0), reply);
  });
  for (const [index, request] of requests.entries()) {
    socket.send(request);
    if (index % windowMax === 0) await sleep(10);
  }
  const ask = (): void => socket.send(packet({ id: lastId, name: 'behind.all.test' }));
  // A datagram may be lost.
  const timer = setInterval(ask, patienceMs);
  ask();
  await until('the answer behind all', () => heard.has(lastId));
  clearInterval(timer);
  while (performance.now() - lastAt < quietMs) await sleep(50);
  socket.close();
  heard.delete(lastId);
  return heard;
}
