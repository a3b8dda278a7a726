// The fields that record data is made of, each a pair: `read` takes words and writes octets, `show` takes octets and
// gives the words back. What `show` gives, `read` turns into the same octets: rdata.ts leans on that to check data
// given as hexadecimal (RFC 3597). Presentation forms: RFC 1035 §3.3 and §5.1, others where they are named.

import { ipv4ToText, ipv6ToText, parseIpv4, parseIpv6 } from '../../model/ip.ts';
import { nameToText, unescapeAt } from '../message/name.ts';
import { readName } from './name-text.ts';
import { latin1, type OctetReader, type RdataWriter } from './rdata-octets.ts';
import { parseSeconds } from './ttl-text.ts';
import { problem, type WordProblem, type Words } from './words.ts';

export interface Field {
  /** Takes its words and writes their octets; what it returns is what is wrong with them. */
  read(words: Words, to: RdataWriter): WordProblem | undefined;
  /** Takes its octets and gives the words, '' for none; undefined: the octets cannot be such a field. */
  show(from: OctetReader): string | undefined;
}

/** RFC 1035 §3.3: a <character-string> has one length octet. */
const stringOctetsMax = 255;

/** A field of one bare word. `parse` gives octets or undefined; `what` describes what the word should have been. */
export function bareWord(
  what: string,
  parse: (text: string) => Uint8Array | undefined,
  show: (from: OctetReader) => string | undefined,
): Field {
  return {
    read(words, to) {
      const word = words.nextBare();
      if (word === undefined) return words.expected(what);
      const octets = parse(word.text);
      if (octets === undefined) return problem(`${what} is expected`, word);
      to.octets(octets);
      return undefined;
    },
    show,
  };
}

/** A decimal number of one, two or four octets, without a sign; `named` are mnemonics for some of the values. */
export function number(what: string, octets: 1 | 2 | 4, named?: ReadonlyMap<string, number>): Field {
  const max = 256 ** octets - 1;
  return {
    read(words, to) {
      const word = words.nextBare();
      if (word === undefined) return words.expected(what);
      const value = parseDecimal(word.text, max) ?? named?.get(word.text.toUpperCase());
      if (value === undefined) return problem(`${what} must be a number from 0 to ${max}`, word);
      to.number(value, octets);
      return undefined;
    },
    show: (from) => from.number(octets)?.toString(),
  };
}

/** A number from 0 to `max` in decimal digits alone; undefined: it is something else. */
export function parseDecimal(text: string, max: number): number | undefined {
  if (text.length === 0) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
    if (value > max) return undefined;
  }
  return value;
}

/** Four octets of seconds, units allowed: the timers of an SOA. */
export function period(what: string): Field {
  return {
    read(words, to) {
      const word = words.nextBare();
      if (word === undefined) return words.expected(what);
      const seconds = parseSeconds(word.text);
      if (seconds === undefined) return problem(`${what} must be seconds, or a time with units like 1h30m`, word);
      to.number(seconds, 4);
      return undefined;
    },
    show: (from) => from.number(4)?.toString(),
  };
}

export function name(what: string): Field {
  return {
    read(words, to) {
      const word = words.nextBare();
      if (word === undefined) return words.expected(what);
      const parsed = readName(word.text, words.origin);
      if (typeof parsed !== 'string') return problem(`${what} is not a legal name: ${parsed.fault}`, word);
      to.name(parsed);
      return undefined;
    },
    show(from) {
      const taken = from.name();
      return taken === undefined ? undefined : nameToText(taken);
    },
  };
}

export const ipv4 = bareWord('an IPv4 address (four numbers from 0 to 255)', parseIpv4, (from) => {
  const octets = from.take(4);
  return octets && ipv4ToText(octets);
});

export const ipv6 = bareWord('an IPv6 address', parseIpv6, (from) => {
  const octets = from.take(16);
  return octets && ipv6ToText(octets);
});

/** One <character-string>, quoted or not; `pattern` narrows what it may hold. */
export function string(what: string, pattern?: RegExp): Field {
  return {
    read(words, to) {
      const word = words.next();
      if (word === undefined) return words.expected(what);
      const text = unescaped(word.text);
      if (text === undefined) return problem(`escape in ${what} is not \\DDD with 000-255 or \\X`, word);
      if (text.length > stringOctetsMax)
        return problem(`${what} is over ${stringOctetsMax} octets: ${text.length}`, word);
      if (pattern !== undefined && !pattern.test(text)) return problem(`${what} has characters it cannot have`, word);
      to.number(text.length, 1);
      to.text(text);
      return undefined;
    },
    show(from) {
      const octets = from.counted();
      return octets && quoted(latin1(octets));
    },
  };
}

/** `field` as often as there are words; at least `least` times. */
export function repeated(field: Field, least: 0 | 1): Field {
  return {
    read(words, to) {
      for (let count = 0; count < least || words.peek() !== undefined; count++) {
        const fault = field.read(words, to);
        if (fault !== undefined) return fault;
      }
      return undefined;
    },
    show(from) {
      const texts: string[] = [];
      while (texts.length < least || from.left > 0) {
        const text = field.show(from);
        if (text === undefined) return undefined;
        texts.push(text);
      }
      return texts.join(' ');
    },
  };
}

/** Text to the end of the data, without a length octet (RFC 8659 §4.1.1, RFC 7553 §4.4). */
export function longText(what: string): Field {
  return {
    read(words, to) {
      const word = words.next();
      if (word === undefined) return words.expected(what);
      const text = unescaped(word.text);
      if (text === undefined) return problem(`escape in ${what} is not \\DDD with 000-255 or \\X`, word);
      to.text(text);
      return undefined;
    },
    show: (from) => quoted(latin1(from.rest())),
  };
}

/** Octets to the end of the data in hexadecimal or base64, over as many words as one likes; `least` octets or more. */
export function blob(what: string, encoding: 'hex' | 'base64', least: 0 | 1): Field {
  return {
    read(words, to) {
      const first = words.peek();
      const pieces: string[] = [];
      for (let word = words.nextBare(); word !== undefined; word = words.nextBare()) pieces.push(word.text);
      if (first === undefined) return least === 0 ? undefined : words.expected(what);
      const octets = encoding === 'hex' ? parseHex(pieces.join('')) : parseBase64(pieces.join(''));
      if (octets === undefined)
        return problem(`${what} is not ${encoding === 'hex' ? 'hexadecimal' : 'base64'}`, first);
      to.octets(octets);
      return undefined;
    },
    show(from) {
      if (from.left < least) return undefined;
      return Buffer.from(from.rest()).toString(encoding);
    },
  };
}

/** Octets of an even number of hexadecimal digits. */
export function parseHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}

/** RFC 4648 §4, strictly: padded, and no bits set after the last octet. */
export function parseBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets : undefined;
}

/** Text with its escapes resolved, or undefined where one is malformed. */
export function unescaped(text: string): string | undefined {
  let backslash = text.indexOf('\\');
  if (backslash < 0) return text;
  let plain = '';
  let from = 0;
  while (backslash >= 0) {
    const resolved = unescapeAt(text, backslash);
    if (resolved === undefined) return undefined;
    plain += text.slice(from, backslash) + resolved.octet;
    from = resolved.next;
    backslash = text.indexOf('\\', from);
  }
  return plain + text.slice(from);
}

/** Text in quotes, every octet that is not a plain character escaped. */
export function quoted(text: string): string {
  const escaped = text.replace(/[^\x20-\x7e]|["\\]/g, (character) => {
    const code = character.charCodeAt(0);
    return code >= 0x20 && code < 0x7f ? `\\${character}` : `\\${String(code).padStart(3, '0')}`;
  });
  return `"${escaped}"`;
}
