// The octets of one file as they come in, in pieces that are each read, hashed and turned into text without holding
// anything else up: 64 MiB at once took 45 ms. The hash distinguishes a changed file from one that was only touched.
// Limits: a piece of pieceOctets.

import { createHash } from 'node:crypto';

/** A tenth of a millisecond to hash or to decode; over 128 KiB, so that V8 does not copy its text about. */
const pieceOctets = 256 * 1024;

export class FileContent {
  readonly #pieces: Buffer[] = [];
  // Not a defence: a writer of the zones folder need not forge hashes.
  readonly #hash = createHash('sha1');
  #digest: string | undefined;
  #expected: number;
  #room: Buffer | undefined;
  octets = 0;

  /** `expected`: octets that are likely to come. */
  constructor(expected: number) {
    this.#expected = expected;
  }

  static of(octets: Buffer): FileContent {
    const content = new FileContent(octets.length);
    for (let at = 0; at < octets.length; at += pieceOctets) content.#add(octets.subarray(at, at + pieceOctets));
    return content;
  }

  /** Where the next octets are to be written, as many as there are. */
  room(): Buffer {
    // One more than expected, so that the end of the file is seen.
    const octets = Math.min(Math.max(this.#expected - this.octets, 0) + 1, pieceOctets);
    this.#room = Buffer.allocUnsafeSlow(octets);
    return this.#room;
  }

  /** Takes the first `octets` of the last room(); false: it was not filled, which is the end of a regular file. */
  took(octets: number): boolean {
    const room = this.#room as Buffer;
    if (octets > 0) this.#add(room.subarray(0, octets));
    return octets === room.length;
  }

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  get digest(): string {
    this.#digest ??= this.#hash.digest('base64');
    return this.#digest;
  }

  #add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#hash.update(piece);
    this.octets += piece.length;
    this.#expected = Math.max(this.#expected, this.octets);
  }
}
