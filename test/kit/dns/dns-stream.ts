// One TCP connection to a DNS listener, octet by octet: what was sent is up to the test, what came back is read as
// frames, and the end of the connection is something to wait for.

import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from '../process/until.ts';
import { connected } from './dns-client.ts';
import { type Reply, readReply } from './reply.ts';

export class DnsStream {
  readonly socket: Socket;
  readonly replies: Reply[] = [];
  /** How the other side ended it: `open`, `fin` (no more to read) or `closed` (the socket is gone). */
  state: 'open' | 'fin' | 'closed' = 'open';
  #held: Buffer = Buffer.alloc(0);

  static async open(port: number, host = '127.0.0.1'): Promise<DnsStream> {
    return new DnsStream(await connected(port, host));
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => {
      this.state = 'fin';
    });
    socket.on('close', () => {
      this.state = 'closed';
    });
    // A reset is one way to be closed.
    socket.on('error', () => {});
    onTestFinished(() => {
      socket.destroy();
    });
  }

  /** Resolves with the first `count` replies. */
  async received(count: number): Promise<readonly Reply[]> {
    await until(`${count} replies, ${this.replies.length} came`, () => this.replies.length >= count, { everyMs: 2 });
    return this.replies;
  }

  async ended(): Promise<void> {
    await until('the end of the connection', () => this.state !== 'open', { everyMs: 2 });
  }

  #read(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= 2 && this.#held.length >= 2 + this.#held.readUInt16BE(0)) {
      const end = 2 + this.#held.readUInt16BE(0);
      this.replies.push(readReply(this.#held.subarray(2, end)));
      this.#held = this.#held.subarray(end);
    }
  }
}
