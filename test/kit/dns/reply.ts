// Replies as octets -> their content, read by rules of its own: nothing is imported from src/dns, so a mistake there
// cannot hide itself here. Stricter than any resolver: it refuses pointers that do not go back to the start of a
// label, compression where no type allows it (SRV above all), octets behind the end, lengths that do not add up.

export interface Rec {
  /** Master-file text with a final dot, letter case as on the wire. */
  readonly owner: string;
  /** Mnemonic or TYPEn. */
  readonly type: string;
  /** Absent for IN. CH only comes to who asked for it. */
  readonly class?: 'CH';
  readonly ttl: number;
  /** Master-file text of the data. */
  readonly data: string;
}

export interface Opt {
  readonly size: number;
  readonly version: number;
  readonly flags: number;
  /** Codes, in the order of the record. */
  readonly options: readonly number[];
  readonly data: ReadonlyMap<number, Buffer>;
}

export interface Reply {
  readonly id: number;
  /** Names of the header bits that are set: `QR AA TC RD RA Z AD CD`. */
  readonly flags: string;
  readonly opcode: number;
  /** Mnemonic; with the OPT record's upper bits. */
  readonly rcode: string;
  readonly aa: boolean;
  readonly tc: boolean;
  /** The question section as it stands in the message. */
  readonly question: Buffer;
  readonly answer: readonly Rec[];
  readonly authority: readonly Rec[];
  /** Without OPT. */
  readonly additional: readonly Rec[];
  readonly opt: Opt | undefined;
  readonly octets: number;
}

const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN'];
const moreRcodes: Readonly<Record<number, string>> = { 9: 'NOTAUTH', 16: 'BADVERS' };
const flagNames = ['QR', '', '', '', '', 'AA', 'TC', 'RD', 'RA', 'Z', 'AD', 'CD'];
const types: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  39: 'DNAME',
  43: 'DS',
  64: 'SVCB',
  65: 'HTTPS',
};

/** RFC 9460 §14.3.2 */
const parameterNames: Readonly<Record<number, string>> = { 1: 'alpn', 3: 'port', 4: 'ipv4hint', 6: 'ipv6hint' };

export function readReply(bytes: Uint8Array): Reply {
  return new Reader(Buffer.from(bytes)).reply();
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  /** Where labels of names read so far begin: the only places that a pointer may name. */
  readonly #labels = new Set<number>();
  /** Of the question. */
  #class = 1;
  #extendedRcode = 0;
  #opt: Opt | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  reply(): Reply {
    const id = this.#u16();
    const bits = this.#u16();
    const [questions, answers, authorities, additionals] = [this.#u16(), this.#u16(), this.#u16(), this.#u16()];
    if (questions > 1) throw new Error(`${questions} questions`);
    if (questions === 1) {
      this.#name(false);
      this.#skip(2);
      this.#class = this.#u16();
    }
    const question = this.#bytes.subarray(12, this.#at);
    const answer = this.#records(answers);
    const authority = this.#records(authorities);
    if (this.#opt !== undefined) throw new Error('OPT outside ADDITIONAL');
    const additional = this.#records(additionals);
    if (this.#at !== this.#bytes.length) throw new Error(`${this.#bytes.length - this.#at} octets behind the end`);
    const flags = flagNames.filter((name, bit) => name !== '' && (bits & (0x8000 >> bit)) !== 0);
    const rcode = (this.#extendedRcode << 4) | (bits & 0x0f);
    return {
      id,
      flags: flags.join(' '),
      opcode: (bits >> 11) & 0x0f,
      rcode: rcodes[rcode] ?? moreRcodes[rcode] ?? `RCODE${rcode}`,
      aa: flags.includes('AA'),
      tc: flags.includes('TC'),
      question,
      answer,
      authority,
      additional,
      opt: this.#opt,
      octets: this.#bytes.length,
    };
  }

  #records(count: number): Rec[] {
    const records: Rec[] = [];
    for (let i = 0; i < count; i++) {
      const owner = this.#name(true);
      const type = this.#u16();
      const klass = this.#u16();
      const [high, low] = [this.#u16(), this.#u16()];
      const length = this.#u16();
      const end = this.#at + length;
      if (end > this.#bytes.length) throw new Error('RDATA beyond the end of the message');
      if (type === 41) this.#readOpt(owner, klass, high, low, end);
      else {
        const isKnown = type === 250 ? klass === 255 : klass === this.#class && (klass === 1 || klass === 3);
        if (!isKnown) throw new Error(`class ${klass}`);
        if (high >= 0x8000) throw new Error('TTL with the top bit set');
        records.push({
          owner,
          type: types[type] ?? `TYPE${type}`,
          ...(klass === 3 ? { class: 'CH' } : {}),
          ttl: high * 65_536 + low,
          data: this.#data(type, end),
        });
      }
      if (this.#at !== end) throw new Error(`RDLENGTH ${length} of type ${type} is off by ${end - this.#at}`);
    }
    return records;
  }

  #readOpt(owner: string, size: number, high: number, flags: number, end: number): void {
    if (owner !== '.') throw new Error(`OPT owned by ${owner}`);
    if (this.#opt !== undefined) throw new Error('two OPT records');
    const options: number[] = [];
    const data = new Map<number, Buffer>();
    while (this.#at < end) {
      const code = this.#u16();
      const length = this.#u16();
      options.push(code);
      data.set(code, this.#bytes.subarray(this.#at, this.#at + length));
      this.#skip(length);
    }
    this.#extendedRcode = high >> 8;
    this.#opt = { size, version: high & 0xff, flags, options, data };
  }

  #data(type: number, end: number): string {
    switch (type) {
      case 1:
        return [this.#u8(), this.#u8(), this.#u8(), this.#u8()].join('.');
      case 2:
      case 5:
      case 12:
        return this.#name(true);
      case 39:
        return this.#name(false);
      case 6:
        return [this.#name(true), this.#name(true), ...Array.from({ length: 5 }, () => this.#u32())].join(' ');
      case 15:
        return [this.#u16(), this.#name(true)].join(' ');
      case 16:
        return this.#strings(end);
      case 28:
        return ipv6(Array.from({ length: 8 }, () => this.#u16()));
      case 33:
        return [this.#u16(), this.#u16(), this.#u16(), this.#name(false)].join(' ');
      case 64:
      case 65:
        return [this.#u16(), this.#name(false), ...this.#parameters(end)].join(' ');
      default: {
        const octets = this.#bytes.subarray(this.#at, end);
        this.#at = end;
        return `\\# ${octets.length} ${octets.toString('hex')}`.trim();
      }
    }
  }

  /** `alpn=h2,h3 port=443 ipv4hint=10.0.0.1`; keys must rise (RFC 9460 §2.2). */
  #parameters(end: number): string[] {
    const texts: string[] = [];
    for (let last = -1; this.#at < end; ) {
      const key = this.#u16();
      if (key <= last) throw new Error(`parameter ${key} behind ${last}`);
      last = key;
      const length = this.#u16();
      const valueEnd = this.#at + length;
      const values: (string | number)[] = [];
      while (this.#at < valueEnd) {
        if (key === 3) values.push(this.#u16());
        else if (key === 4) values.push(this.#data(1, valueEnd));
        else if (key === 6) values.push(this.#data(28, valueEnd));
        else if (key === 1) {
          const octets = this.#u8();
          values.push(this.#bytes.toString('utf8', this.#at, this.#at + octets));
          this.#skip(octets);
        } else throw new Error(`parameter ${key}`);
      }
      if (this.#at !== valueEnd || length === 0) throw new Error(`parameter ${key} of ${length} octets`);
      texts.push(`${parameterNames[key]}=${values.join(',')}`);
    }
    return texts;
  }

  #strings(end: number): string {
    if (this.#at === end) throw new Error('TXT without a string');
    const strings: string[] = [];
    while (this.#at < end) {
      const length = this.#u8();
      const octets = this.#bytes.subarray(this.#at, this.#at + length);
      this.#skip(length);
      strings.push(`"${octets.toString('utf8').replace(/["\\]/g, '\\$&')}"`);
    }
    return strings.join(' ');
  }

  /** A name, compressed at most where that is allowed. */
  #name(mayPoint: boolean): string {
    const labels: string[] = [];
    const starts: number[] = [];
    let octets = 1;
    let at = this.#at;
    let behind: number | undefined;
    for (;;) {
      const length = this.#octet(at);
      if (length >= 0xc0) {
        if (!mayPoint) throw new Error('a compressed name where none may be');
        const target = ((length & 0x3f) << 8) | this.#octet(at + 1);
        // Labels read before begin further back, hence no loop and no way forward.
        if (!this.#labels.has(target) || target >= at) throw new Error(`a pointer at ${at} to ${target}`);
        behind ??= at + 2;
        at = target;
        continue;
      }
      if (length > 63) throw new Error(`a label of type 0x${length.toString(16)}`);
      if (behind === undefined) starts.push(at);
      at++;
      if (length === 0) break;
      octets += length + 1;
      if (octets > 255) throw new Error('a name over 255 octets');
      labels.push(escaped(this.#bytes.toString('latin1', at, at + length)));
      at += length;
    }
    this.#at = behind ?? at;
    if (this.#at > this.#bytes.length) throw new Error('a name beyond the end of the message');
    // The root's own octet is no label that would be worth pointing at.
    for (const start of starts) if (this.#octet(start) !== 0) this.#labels.add(start);
    return labels.length === 0 ? '.' : `${labels.join('.')}.`;
  }

  #octet(at: number): number {
    const octet = this.#bytes[at];
    if (octet === undefined) throw new Error(`the message ends before octet ${at}`);
    return octet;
  }

  #u8(): number {
    return this.#octet(this.#at++);
  }

  #u16(): number {
    return this.#u8() * 256 + this.#u8();
  }

  #u32(): number {
    return this.#u16() * 65_536 + this.#u16();
  }

  #skip(octets: number): void {
    this.#at += octets;
    if (this.#at > this.#bytes.length) throw new Error('the message is cut short');
  }
}

function escaped(label: string): string {
  return label.replace(/[^!-~]|[."\\;()@$]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0x20 && code < 0x7f ? `\\${character}` : `\\${String(code).padStart(3, '0')}`;
  });
}

/** RFC 5952, by the URL parser's serialiser. */
function ipv6(groups: readonly number[]): string {
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1);
}
