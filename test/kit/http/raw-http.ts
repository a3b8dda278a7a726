// HTTP by hand, for what no client library would send: a socket that writes bytes and returns what came back.

import { connect, type Socket } from 'node:net';

export class RawConnection {
  readonly #socket: Socket;
  readonly closed: Promise<void>;
  #received = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
    });
    // A reset is an end as well.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** `from`: another address of loopback is another client. */
  static async open(port: number, from = '127.0.0.1'): Promise<RawConnection> {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    const connection = new RawConnection(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    return connection;
  }

  /** Everything that came so far. */
  get received(): string {
    return this.#received;
  }

  /** The status codes of the replies so far. */
  get statuses(): number[] {
    return Array.from(this.#received.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
  }

  write(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** The client takes nothing more: what is sent to it stays in the kernel. */
  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** The client goes away, from one moment to the next. */
  destroy(): void {
    this.#socket.destroy();
  }
}
