// A record that was written once, with its names compressed, to be written again after longer questions of the same zone:
// its pointers lead to the name of the zone, at the end of the question, or into the record, and so move by as much as the
// record does. Most answers to names that are not there consist of the question and the same SOA.

export class MovableRecord {
  readonly octets: Uint8Array;
  /** Where the message had it. */
  readonly #at: number;
  /** Offsets in it of its pointers. */
  readonly #pointers: readonly number[];

  /** `octets`: copied; of a record whose data begins with names, up to the last 20 octets, as an SOA. */
  constructor(octets: Uint8Array, at: number) {
    this.octets = Uint8Array.from(octets);
    this.#at = at;
    this.#pointers = pointersIn(this.octets);
  }

  /** Writes it to `at` in `bytes`; `messageAt`: its place in the message that it belongs to. */
  write(bytes: Uint8Array, at: number, messageAt = at): void {
    const { octets } = this;
    bytes.set(octets, at);
    const by = messageAt - this.#at;
    for (const pointer of this.#pointers) {
      const target = (((octets[pointer] as number) << 8) | (octets[pointer + 1] as number)) + by;
      bytes[at + pointer] = target >> 8;
      bytes[at + pointer + 1] = target;
    }
  }
}

/** Type, class, TTL and length, after the owner. */
const fixedOctets = 10;
/** After the names of an SOA. */
const numbersOctets = 20;

function pointersIn(octets: Uint8Array): number[] {
  const pointers: number[] = [];
  let end = skipName(octets, 0, pointers) + fixedOctets;
  while (end < octets.length - numbersOctets) end = skipName(octets, end, pointers);
  return pointers;
}

/** Notes the pointer that it may end in; returns the offset after it. */
function skipName(octets: Uint8Array, start: number, pointers: number[]): number {
  for (let at = start; ; at += 1 + (octets[at] as number)) {
    const length = octets[at] as number;
    if (length === 0) return at + 1;
    if (length < 0xc0) continue;
    pointers.push(at);
    return at + 2;
  }
}
