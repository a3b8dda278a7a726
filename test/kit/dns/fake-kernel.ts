// The kernel's side of batched sockets, for what no real one does on demand: it reads and writes the structures at the
// addresses in them, as recvmmsg(2) and sendmmsg(2) define them, fails on demand, and remembers what was sent.

import type { LibC } from '../../../src/dns/transport/batched/libc.ts';
import { iovec, mmsghdr, pollfd } from '../../../src/dns/transport/batched/linux.ts';

export interface FakeDatagram {
  readonly name: Uint8Array;
  readonly data: Uint8Array;
  readonly control?: Uint8Array;
}

export class FakeKernel implements LibC {
  readonly arriving: FakeDatagram[] = [];
  readonly sent: { readonly name: string; readonly data: string; readonly control: string }[] = [];
  /** How the next calls of each kind end: a number of messages, or the negated errno. By default as wished. */
  readonly receives: number[] = [];
  readonly sends: number[] = [];
  readonly polls: number[] = [];
  readonly calls: string[] = [];
  readonly #memory: { readonly start: bigint; readonly bytes: Uint8Array }[] = [];
  #errno = 0;

  addressOf(bytes: Uint8Array): bigint {
    const known = this.#memory.find((part) => part.bytes.buffer === bytes.buffer);
    const start = known?.start ?? BigInt(this.#memory.length + 1) << 32n;
    if (known === undefined) this.#memory.push({ start, bytes: new Uint8Array(bytes.buffer) });
    return start + BigInt(bytes.byteOffset);
  }

  errno(): number {
    return this.#errno;
  }

  recvmmsg(_fd: number, messages: Uint8Array, count: number): number {
    this.calls.push('recvmmsg');
    const wished = this.receives.shift() ?? (this.arriving.length === 0 ? -11 : count);
    if (wished < 0) return this.#fail(wished);
    const received = this.arriving.splice(0, Math.min(wished, count));
    for (const [index, { name, data, control }] of received.entries()) {
      const view = this.#message(messages, index);
      const [start, room] = this.#vector(view);
      this.#at(view.getBigUint64(mmsghdr.name, true), name.length).set(name);
      this.#at(start, room).set(data.subarray(0, room));
      view.setUint32(mmsghdr.length, Math.min(data.length, room), true);
      view.setUint32(mmsghdr.nameLength, name.length, true);
      const controlRoom = view.getUint32(mmsghdr.controlLength, true);
      if (controlRoom > 0 && control !== undefined)
        this.#at(view.getBigUint64(mmsghdr.control, true), control.length).set(control);
      view.setUint32(mmsghdr.controlLength, Math.min(controlRoom, control?.length ?? 0), true);
    }
    return received.length;
  }

  // Of streams it knows nothing.
  listen(): number {
    return this.#fail(-38);
  }

  accept4(): number {
    return this.#fail(-38);
  }

  recv(): number {
    return this.#fail(-38);
  }

  send(): number {
    return this.#fail(-38);
  }

  sendmmsg(_fd: number, messages: Uint8Array, count: number): number {
    const wished = this.sends.shift() ?? count;
    this.calls.push(`sendmmsg ${count}`);
    if (wished < 0) return this.#fail(wished);
    const taken = Math.min(wished, count);
    for (let index = 0; index < taken; index++) {
      const view = this.#message(messages, index);
      const [start, octets] = this.#vector(view);
      const named = this.#at(view.getBigUint64(mmsghdr.name, true), view.getUint32(mmsghdr.nameLength, true));
      const length = view.getUint32(mmsghdr.controlLength, true);
      const control = length === 0 ? new Uint8Array(0) : this.#at(view.getBigUint64(mmsghdr.control, true), length);
      this.sent.push({
        name: hexOf(named),
        data: Buffer.from(this.#at(start, octets)).toString(),
        control: hexOf(control),
      });
    }
    return taken;
  }

  poll(descriptors: Uint8Array, count: number, timeoutMs: number): number {
    this.calls.push(`poll ${count} ${timeoutMs}`);
    const ready = this.polls.shift() ?? 0;
    if (ready > 0) new DataView(descriptors.buffer, descriptors.byteOffset).setUint16(pollfd.revents, 4, true);
    return ready < 0 ? this.#fail(ready) : ready;
  }

  socket = (): number => 3;
  setsockopt = (): number => 0;
  bind = (): number => 0;
  getsockname = (): number => 0;
  pipe2 = (): number => this.#fail(-24);
  close = (): number => 0;

  #message(messages: Uint8Array, index: number): DataView {
    return new DataView(messages.buffer, messages.byteOffset + index * mmsghdr.octets, mmsghdr.octets);
  }

  #vector(message: DataView): [start: bigint, octets: number] {
    const vector = this.#at(message.getBigUint64(mmsghdr.iov, true), iovec.octets);
    const view = new DataView(vector.buffer, vector.byteOffset);
    return [view.getBigUint64(iovec.base, true), Number(view.getBigUint64(iovec.length, true))];
  }

  #at(address: bigint, octets: number): Uint8Array {
    const part = this.#memory.find(({ start, bytes }) => address >= start && address < start + BigInt(bytes.length));
    if (part === undefined) throw new Error(`no memory at ${address}`);
    return part.bytes.subarray(Number(address - part.start)).subarray(0, octets);
  }

  #fail(negated: number): number {
    this.#errno = -negated;
    return -1;
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
