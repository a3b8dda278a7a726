// Fields of the DNSSEC record types (RFC 4034, RFC 5155, RFC 7477): algorithms, times, lists of types, salts and
// hashes. rollcall does not sign; a zone file signed elsewhere is still read and served as it is.

import { isMetaType, typeName, typeNumber } from '../message/type-names.ts';
import { bareWord, type Field, number, parseDecimal, parseHex } from './rdata-fields.ts';
import { problem } from './words.ts';

/** IANA "DNS Security Algorithm Numbers". */
const algorithms = new Map([
  ['RSAMD5', 1],
  ['DH', 2],
  ['DSA', 3],
  ['RSASHA1', 5],
  ['DSA-NSEC3-SHA1', 6],
  ['NSEC3DSA', 6],
  ['RSASHA1-NSEC3-SHA1', 7],
  ['NSEC3RSASHA1', 7],
  ['RSASHA256', 8],
  ['RSASHA512', 10],
  ['ECC-GOST', 12],
  ['ECCGOST', 12],
  ['ECDSAP256SHA256', 13],
  ['ECDSAP384SHA384', 14],
  ['ED25519', 15],
  ['ED448', 16],
  ['INDIRECT', 252],
  ['PRIVATEDNS', 253],
  ['PRIVATEOID', 254],
]);

export const algorithm = number('algorithm', 1, algorithms);

const secondsModulus = 2 ** 32;

/** RFC 4034 §3.2: YYYYMMDDHHmmSS, or seconds since 1970; on the wire modulo 2^32 (RFC 1982 arithmetic). */
export function time(what: string): Field {
  return {
    read(words, to) {
      const word = words.nextBare();
      if (word === undefined) return words.expected(what);
      const seconds = word.text.length === 14 ? parseDate(word.text) : parseDecimal(word.text, secondsModulus - 1);
      if (seconds === undefined) return problem(`${what} must be YYYYMMDDHHmmSS or seconds since 1970`, word);
      to.number(seconds % secondsModulus, 4);
      return undefined;
    },
    show(from) {
      const seconds = from.number(4);
      if (seconds === undefined) return undefined;
      return new Date(seconds * 1000).toISOString().replace(/[-:T]|\..*/g, '');
    },
  };
}

function parseDate(text: string): number | undefined {
  if (parseDecimal(text, Number.MAX_SAFE_INTEGER) === undefined || text < '1970') return undefined;
  const iso = text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.000Z');
  const date = new Date(iso);
  // Date takes 30 February for 1 March: comparing with what comes back shows it.
  return Number.isNaN(date.getTime()) || date.toISOString() !== iso ? undefined : date.getTime() / 1000;
}

/** The type an RRSIG covers. */
export const coveredType = bareWord(
  'a record type',
  (text) => {
    const type = typeNumber(text);
    return type === undefined ? undefined : Uint8Array.of(type >> 8, type & 255);
  },
  (from) => {
    const type = from.number(2);
    return type === undefined ? undefined : typeName(type);
  },
);

const windowTypes = 256;

/** A list of types as a window-block bitmap (RFC 4034 §4.1.2), to the end of the data; may be empty. */
export const typeList: Field = {
  read(words, to) {
    const windows = new Map<number, Uint8Array>();
    for (let word = words.nextBare(); word !== undefined; word = words.nextBare()) {
      const type = typeNumber(word.text);
      if (type === undefined || isMetaType(type)) return problem('a record type is expected', word);
      const window = windows.get(type >> 8) ?? new Uint8Array(windowTypes / 8);
      windows.set(type >> 8, window);
      const at = (type & 255) >> 3;
      window[at] = (window[at] as number) | (0x80 >> (type & 7));
    }
    for (const [window, bits] of [...windows].sort(([a], [b]) => a - b)) {
      const used = bits.findLastIndex((octet) => octet !== 0) + 1;
      to.number(window, 1);
      to.number(used, 1);
      to.octets(bits.subarray(0, used));
    }
    return undefined;
  },
  show(from) {
    const types: string[] = [];
    while (from.left > 0) {
      const window = from.number(1);
      const bits = from.counted();
      if (window === undefined || bits === undefined) return undefined;
      for (let bit = 0; bit < bits.length * 8; bit++) {
        if (((bits[bit >> 3] as number) & (0x80 >> (bit & 7))) !== 0) types.push(typeName(window * windowTypes + bit));
      }
    }
    return types.join(' ');
  },
};

/** RFC 5155 §3.3: hexadecimal without spaces, `-` for none; one length octet. */
export const salt = bareWord(
  'a salt (hexadecimal digits or -)',
  (text) => {
    const octets = text === '-' ? new Uint8Array(0) : parseHex(text);
    if (octets === undefined || octets.length > 255 || text === '') return undefined;
    return Uint8Array.of(octets.length, ...octets);
  },
  (from) => {
    const octets = from.counted();
    if (octets === undefined) return undefined;
    return octets.length === 0 ? '-' : Buffer.from(octets).toString('hex');
  },
);

const base32 = '0123456789abcdefghijklmnopqrstuv';

/** The next owner's hash in base32 with extended hex alphabet, unpadded (RFC 5155 §3.3); one length octet. */
export const nextHash = bareWord(
  'a hash in base32hex',
  (text) => {
    const octets: number[] = [];
    let bits = 0;
    let value = 0;
    for (const character of text.toLowerCase()) {
      const digit = base32.indexOf(character);
      if (digit < 0) return undefined;
      value = ((value << 5) | digit) & 0xffff;
      bits += 5;
      if (bits < 8) continue;
      bits -= 8;
      octets.push((value >> bits) & 255);
    }
    const isWhole = bits < 5 && (value & ((1 << bits) - 1)) === 0;
    return isWhole && octets.length > 0 && octets.length <= 255 ? Uint8Array.of(octets.length, ...octets) : undefined;
  },
  (from) => {
    const octets = from.counted();
    if (octets === undefined || octets.length === 0) return undefined;
    const bits = [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');
    const groups = bits.match(/.{1,5}/g) ?? [];
    return groups.map((group) => base32[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
  },
);
