// Octets of a stream -> messages (RFC 1035 §4.2.2: two octets of length, then that many). Chunks are kept as they come
// and joined only when a message spans several; held is at most one unfinished message and what one read brought.

const lengthOctets = 2;

export class TcpFrames {
  #pending: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #chunkOctets = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunkOctets += chunk.length;
  }

  /** True while a whole message can be taken. */
  get isWaiting(): boolean {
    this.#join();
    return this.#pending.length >= lengthOctets && this.#pending.length >= lengthOctets + this.#pending.readUInt16BE(0);
  }

  /** True where what has arrived is one whole message. */
  get isSingle(): boolean {
    return this.isWaiting && this.#pending.length === lengthOctets + this.#pending.readUInt16BE(0);
  }

  /** Takes the next whole message; undefined until it has arrived. */
  next(): Buffer | undefined {
    if (!this.isWaiting) return undefined;
    const end = lengthOctets + this.#pending.readUInt16BE(0);
    const message = this.#pending.subarray(lengthOctets, end);
    this.#pending = this.#pending.subarray(end);
    return message;
  }

  /** Joins chunks once they complete what is missing: a client that drips octets must not make us copy all of them each time. */
  #join(): void {
    if (this.#chunks.length === 0) return;
    const held = this.#pending.length + this.#chunkOctets;
    if (this.#pending.length >= lengthOctets && held < lengthOctets + this.#pending.readUInt16BE(0)) return;
    this.#pending = Buffer.concat([this.#pending, ...this.#chunks], held);
    this.#chunks = [];
    this.#chunkOctets = 0;
  }
}
