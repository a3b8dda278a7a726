// The parameters of SVCB and HTTPS records (RFC 9460 §2.1, §2.2, §7, §8 and appendix A): `key=value` words in any
// order, on the wire sorted by key, each key once. A key is a name or keyN; the value of keyN is taken as octets, of
// a named key as its own form. Either way the octets must make sense for the key, since clients discard the whole
// record otherwise (§2.2). Names known: the six of RFC 9460, ech (RFC 9848) and dohpath (RFC 9461); others as keyN.

import { ipv4ToText, ipv6ToText, parseIpv4, parseIpv6 } from '../../model/ip.ts';
import type { LexerToken } from './lexer.ts';
import { type Field, parseBase64, parseDecimal, quoted, unescaped } from './rdata-fields.ts';
import { latin1, OctetReader } from './rdata-octets.ts';
import { problem, type WordProblem } from './words.ts';

interface Parameter {
  /** Octets of the value, escapes of the word already resolved. */
  read(value: string): Uint8Array | undefined;
  /** The value as written after `=`, or undefined where the octets are not of this form. */
  show(octets: Uint8Array): string | undefined;
}

const names = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint', 'dohpath'];
const MANDATORY = 0;
const ALPN = 1;
const NO_DEFAULT_ALPN = 2;
const keyMax = 65_535;
const numbered = /^key(0|[1-9][0-9]{0,4})$/;

const mandatory: Parameter = {
  read(value) {
    const keys = value.split(',').map(keyNumber);
    if (!keys.every((key) => key !== undefined)) return undefined;
    return octetPairs(keys.sort((a, b) => a - b));
  },
  show(octets) {
    const keys = pairs(octets);
    // §8: ascending, none twice, and not itself.
    if (keys === undefined || keys.some((key, at) => key <= (keys[at - 1] ?? MANDATORY))) return undefined;
    return keys.map(keyName).join(',');
  },
};

const alpn: Parameter = {
  read(value) {
    const ids = splitList(value);
    if (ids.some((id) => id.length === 0 || id.length > 255)) return undefined;
    return Buffer.from(ids.map((id) => String.fromCharCode(id.length) + id).join(''), 'latin1');
  },
  show(octets) {
    const from = new OctetReader(octets);
    const ids: string[] = [];
    while (from.left > 0) {
      const id = from.counted();
      if (id === undefined || id.length === 0) return undefined;
      ids.push(latin1(id).replace(/[\\,]/g, '\\$&'));
    }
    return ids.length === 0 ? undefined : quoted(ids.join(','));
  },
};

const port: Parameter = {
  read(value) {
    const number = parseDecimal(value, 65_535);
    return number === undefined ? undefined : octetPairs([number]);
  },
  show: (octets) => (octets.length === 2 ? pairs(octets)?.join() : undefined),
};

const opaque: Parameter = { read: (value) => Buffer.from(value, 'latin1'), show: (octets) => quoted(latin1(octets)) };

const parameters = new Map<number, Parameter>([
  [MANDATORY, mandatory],
  [ALPN, alpn],
  [NO_DEFAULT_ALPN, { read: () => undefined, show: (octets) => (octets.length === 0 ? '' : undefined) }],
  [3, port],
  [4, addresses(4, parseIpv4, ipv4ToText)],
  [5, nonEmpty({ read: parseBase64, show: (octets) => Buffer.from(octets).toString('base64') })],
  [6, addresses(16, parseIpv6, ipv6ToText)],
  [7, nonEmpty(opaque)],
]);

/** All the parameters of a record, to the end of its data. */
export const serviceParameters: Field = {
  read(words, to) {
    const found = new Map<number, Uint8Array>();
    const first = words.peek();
    for (let word = words.nextBare(); word !== undefined; word = words.nextBare()) {
      const following = words.peek();
      const takesQuoted = word.text.endsWith('=') && following?.quoted === true && following.adjoined;
      const fault = readParameter(word, takesQuoted ? words.next() : undefined, found);
      if (fault !== undefined) return fault;
    }
    const wrong = inconsistency(found);
    if (wrong !== undefined) return problem(wrong, first as LexerToken);
    for (const [key, octets] of [...found].sort(([a], [b]) => a - b)) {
      to.number(key, 2);
      to.number(Math.min(octets.length, keyMax), 2);
      to.octets(octets);
    }
    return undefined;
  },
  show(from) {
    const texts: string[] = [];
    while (from.left > 0) {
      const key = from.number(2);
      const octets = from.take(from.number(2) ?? 0);
      if (key === undefined || octets === undefined) return undefined;
      const value = (parameters.get(key) ?? opaque).show(octets);
      if (value === undefined) return undefined;
      texts.push(octets.length === 0 ? keyName(key) : `${keyName(key)}=${value}`);
    }
    return texts.join(' ');
  },
};

function readParameter(
  word: LexerToken,
  quotedValue: LexerToken | undefined,
  found: Map<number, Uint8Array>,
): WordProblem | undefined {
  const equals = word.text.indexOf('=');
  const keyText = equals < 0 ? word.text : word.text.slice(0, equals);
  const key = keyNumber(keyText);
  if (key === undefined) return problem('service parameter has an unknown key', word);
  if (found.has(key)) return problem(`service parameter ${keyName(key)} is given twice`, word);
  const value = unescaped(quotedValue?.text ?? (equals < 0 ? '' : word.text.slice(equals + 1)));
  if (value === undefined) return problem('escape in a service parameter is not \\DDD with 000-255 or \\X', word);
  const parameter = parameters.get(key) ?? opaque;
  const isOctets = value === '' || numbered.test(keyText);
  const octets = isOctets ? Buffer.from(value, 'latin1') : parameter.read(value);
  if (octets === undefined || parameter.show(octets) === undefined) {
    return problem(`value of service parameter ${keyName(key)} is not of its form`, quotedValue ?? word);
  }
  found.set(key, octets);
  return undefined;
}

/** What is wrong with the parameters as a whole. */
function inconsistency(found: ReadonlyMap<number, Uint8Array>): string | undefined {
  const absent = pairs(found.get(MANDATORY) ?? new Uint8Array(0))?.find((key) => !found.has(key));
  if (absent !== undefined) return `service parameter ${keyName(absent)} is mandatory but not given`;
  // RFC 9460 §7.1.1: a record with one and not the other is not self-consistent.
  if (found.has(NO_DEFAULT_ALPN) && !found.has(ALPN)) return 'service parameter no-default-alpn needs alpn';
  return undefined;
}

function addresses(
  octetsEach: number,
  parse: (text: string) => Uint8Array | undefined,
  show: (octets: Uint8Array) => string,
): Parameter {
  return nonEmpty({
    read(value) {
      const list = value.split(',').map(parse);
      return list.every((octets) => octets !== undefined) ? Buffer.concat(list) : undefined;
    },
    show(octets) {
      if (octets.length % octetsEach !== 0) return undefined;
      const from = new OctetReader(octets);
      const texts: string[] = [];
      while (from.left > 0) texts.push(show(from.take(octetsEach) as Uint8Array));
      return texts.join(',');
    },
  });
}

function nonEmpty(parameter: Parameter): Parameter {
  return { read: parameter.read, show: (octets) => (octets.length === 0 ? undefined : parameter.show(octets)) };
}

/** Items between commas; `\,` and `\\` are literal (RFC 9460 appendix A.1). */
function splitList(value: string): string[] {
  const items: string[] = [];
  let item = '';
  for (let at = 0; at < value.length; at++) {
    if (value[at] === ',') {
      items.push(item);
      item = '';
      continue;
    }
    if (value[at] === '\\' && at + 1 < value.length) at++;
    item += value[at];
  }
  return [...items, item];
}

function keyNumber(text: string): number | undefined {
  const known = names.indexOf(text);
  if (known >= 0) return known;
  const number = Number(numbered.exec(text)?.[1] ?? Number.NaN);
  return number <= keyMax ? number : undefined;
}

function keyName(key: number): string {
  return names[key] ?? `key${key}`;
}

function octetPairs(numbers: readonly number[]): Uint8Array {
  return Uint8Array.from(numbers.flatMap((number) => [number >> 8, number & 255]));
}

function pairs(octets: Uint8Array): number[] | undefined {
  if (octets.length % 2 !== 0) return undefined;
  return Array.from(
    { length: octets.length / 2 },
    (_, at) => (octets[2 * at] as number) * 256 + (octets[2 * at + 1] as number),
  );
}
