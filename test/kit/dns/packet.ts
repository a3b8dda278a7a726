// Queries as octets, with every knob that a client or an attacker can turn. Nothing is checked: what is asked for is
// built, counts that lie and labels of arbitrary octets included.

/** A label: text is taken as latin1, one character an octet. */
export type Label = string | Uint8Array;

export interface Option {
  readonly code: number;
  readonly data?: Uint8Array;
}

export interface OptKnobs {
  readonly size?: number;
  readonly extendedRcode?: number;
  readonly version?: number;
  readonly flags?: number;
  readonly options?: readonly Option[];
}

export interface PacketKnobs {
  readonly id?: number;
  /** QR, AA, TC, RD, RA, Z, AD, CD and RCODE as they stand in the header; the opcode comes from `opcode`. */
  readonly flags?: number;
  readonly opcode?: number;
  /** QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT; by default what is really there. */
  readonly counts?: readonly [number, number, number, number];
  /** `orders.prod.svc.` (split at its dots), labels, or octets as they are; null: no question at all. */
  readonly name?: string | readonly Label[] | Uint8Array | null;
  readonly type?: number;
  readonly class?: number;
  /** Puts an OPT record last: true for size 1232. */
  readonly edns?: boolean | OptKnobs;
  readonly answers?: readonly Uint8Array[];
  readonly authorities?: readonly Uint8Array[];
  /** Before the OPT record. */
  readonly additionals?: readonly Uint8Array[];
  /** Octets behind everything. */
  readonly trailing?: Uint8Array;
}

export const typeNumbers = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SVCB: 64,
  HTTPS: 65,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const satisfies Record<string, number>;

export type TypeName = keyof typeof typeNumbers;

export function packet(knobs: PacketKnobs = {}): Buffer {
  const { id = 0x1234, flags = 0, opcode = 0, name = 'orders.prod.svc.', type = 1, edns } = knobs;
  const { answers = [], authorities = [], additionals = [], trailing = new Uint8Array(0) } = knobs;
  const question = name === null ? [] : [nameOctets(name), u16(type), u16(knobs.class ?? 1)];
  const records = [...answers, ...authorities, ...additionals];
  if (edns !== undefined && edns !== false) records.push(opt(edns === true ? {} : edns));
  const counts = knobs.counts ?? [
    question.length === 0 ? 0 : 1,
    answers.length,
    authorities.length,
    records.length - answers.length - authorities.length,
  ];
  const header = [id, flags | (opcode << 11), ...counts].map(u16);
  return Buffer.concat([...header, ...question, ...records, trailing]);
}

/** Uncompressed wire form of a name. */
export function nameOctets(name: string | readonly Label[] | Uint8Array): Buffer {
  if (name instanceof Uint8Array) return Buffer.from(name);
  const labels = typeof name === 'string' ? name.split('.').filter((label) => label !== '') : name;
  const parts = labels.flatMap((label) => {
    const octets = typeof label === 'string' ? Buffer.from(label, 'latin1') : label;
    return [Uint8Array.of(octets.length), octets];
  });
  return Buffer.concat([...parts, Uint8Array.of(0)]);
}

export function record(owner: string | readonly Label[] | Uint8Array, type: number, rdata: Uint8Array): Buffer {
  return Buffer.concat([nameOctets(owner), u16(type), u16(1), u16(0), u16(60), u16(rdata.length), rdata]);
}

export function opt({ size = 1232, extendedRcode = 0, version = 0, flags = 0, options = [] }: OptKnobs = {}): Buffer {
  const data = options.flatMap(({ code, data: octets = new Uint8Array(0) }) => [u16(code), u16(octets.length), octets]);
  const rdata = Buffer.concat(data);
  const fixed = [u16(41), u16(size), Uint8Array.of(extendedRcode, version), u16(flags), u16(rdata.length)];
  return Buffer.concat([Uint8Array.of(0), ...fixed, rdata]);
}

/** A message as it goes over TCP. */
export function frame(message: Uint8Array): Buffer {
  return Buffer.concat([u16(message.length), message]);
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

export function u16(value: number): Buffer {
  return Buffer.of((value >> 8) & 0xff, value & 0xff);
}
