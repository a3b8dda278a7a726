// Fields that hold addresses of other kinds: lists of prefixes (APL, RFC 3123), the gateway of IPSECKEY (RFC 4025), the
// relay of AMTRELAY (RFC 8777),
// hardware addresses (RFC 7043), identifiers and locators (RFC 6742), NSAP addresses (RFC 1706).

import { ipv4ToText, ipv6ToText, parseGroup, parseIpv4, parseIpv6 } from '../../model/ip.ts';
import * as fields from './rdata-fields.ts';
import { bareWord, type Field, parseDecimal, parseHex } from './rdata-fields.ts';
import { problem } from './words.ts';

interface Family {
  readonly octets: number;
  parse(text: string): Uint8Array | undefined;
  show(octets: Uint8Array): string;
}

/** IANA "Address Family Numbers", the two that RFC 3123 defines a form for. */
const families = new Map<number, Family>([
  [1, { octets: 4, parse: parseIpv4, show: ipv4ToText }],
  [2, { octets: 16, parse: parseIpv6, show: ipv6ToText }],
]);

/** One item of an APL: `[!]family:address/prefix`; trailing zero octets are left out on the wire (RFC 3123 §4). */
export const prefix = bareWord(
  'a prefix like 1:192.0.2.0/24 or !2:2001:db8::/32',
  (text) => {
    const [, not, number, address, length] = /^(!?)([0-9]+):([^/]+)\/([0-9]+)$/.exec(text) ?? [];
    const family = families.get(Number(number));
    const octets = family?.parse(address as string);
    if (family === undefined || octets === undefined) return undefined;
    const bits = parseDecimal(length as string, family.octets * 8);
    if (bits === undefined) return undefined;
    const used = octets.subarray(0, octets.findLastIndex((octet) => octet !== 0) + 1);
    return Uint8Array.of(0, Number(number), bits, (not === '!' ? 0x80 : 0) | used.length, ...used);
  },
  (from) => {
    const number = from.number(2);
    const bits = from.number(1);
    const flags = from.number(1);
    const family = families.get(number ?? 0);
    const used = from.take((flags ?? 0) & 0x7f);
    if (family === undefined || flags === undefined || used === undefined || used.length > family.octets)
      return undefined;
    const octets = new Uint8Array(family.octets);
    octets.set(used);
    return `${flags > 0x7f ? '!' : ''}${number}:${family.show(octets)}/${bits}`;
  },
);

const gatewayForms = [
  fields.bareWord(
    '"." for no gateway',
    (text) => (text === '.' ? new Uint8Array(0) : undefined),
    () => '.',
  ),
  fields.ipv4,
  fields.ipv6,
  fields.name('gateway'),
];

/** Gateway type, algorithm and gateway of IPSECKEY: the first gives the form of the third (RFC 4025 §2.3, §2.5). */
export const gateway: Field = {
  read(words, to) {
    const word = words.nextBare();
    if (word === undefined) return words.expected('gateway type');
    const form = gatewayForms[parseDecimal(word.text, gatewayForms.length - 1) ?? -1];
    if (form === undefined) return problem('gateway type must be a number from 0 to 3', word);
    to.number(Number(word.text), 1);
    return fields.number('algorithm', 1).read(words, to) ?? form.read(words, to);
  },
  show(from) {
    const type = from.number(1);
    const algorithm = from.number(1);
    const gateway = gatewayForms[type ?? -1]?.show(from);
    return algorithm === undefined || gateway === undefined ? undefined : `${type} ${algorithm} ${gateway}`;
  },
};

/** Discovery bit, relay type and relay of AMTRELAY: bit and type share an octet, the type gives the form of the relay (RFC 8777 §4). */
export const relay: Field = {
  read(words, to) {
    const discovery = words.nextBare();
    if (discovery === undefined) return words.expected('discovery bit');
    if (discovery.text !== '0' && discovery.text !== '1') return problem('discovery bit must be 0 or 1', discovery);
    const type = words.nextBare();
    if (type === undefined) return words.expected('relay type');
    const form = gatewayForms[parseDecimal(type.text, gatewayForms.length - 1) ?? -1];
    if (form === undefined) return problem('relay type must be a number from 0 to 3', type);
    to.number((discovery.text === '1' ? 0x80 : 0) | Number(type.text), 1);
    return form.read(words, to);
  },
  show(from) {
    const octet = from.number(1);
    if (octet === undefined) return undefined;
    const gateway = gatewayForms[octet & 0x7f]?.show(from);
    return gateway === undefined ? undefined : `${octet >> 7} ${octet & 0x7f} ${gateway}`;
  },
};

/** `octets` groups of two hexadecimal digits with hyphens between them. */
export function hardwareAddress(octets: 6 | 8): Field {
  const shape = new RegExp(`^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){${octets - 1}}$`);
  return bareWord(
    `${octets} pairs of hexadecimal digits with hyphens between them`,
    (text) => (shape.test(text) ? parseHex(text.replaceAll('-', '')) : undefined),
    (from) => {
      const taken = from.take(octets);
      return taken && [...taken].map((octet) => octet.toString(16).padStart(2, '0')).join('-');
    },
  );
}

/** Eight octets as four groups of hexadecimal digits with colons between them. */
export const locator = bareWord(
  'four groups of hexadecimal digits with colons between them',
  (text) => {
    const groups = text.split(':', 5).map(parseGroup);
    if (groups.length !== 4 || !groups.every((group) => group !== undefined)) return undefined;
    return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
  },
  (from) => {
    const groups = [from.number(2), from.number(2), from.number(2), from.number(2)];
    return groups.includes(undefined)
      ? undefined
      : groups.map((group) => group?.toString(16).padStart(4, '0')).join(':');
  },
);

/** 0x and hexadecimal digits, dots between them for reading only; to the end of the data. */
export const nsap = bareWord(
  'an NSAP address (0x and hexadecimal digits)',
  (text) => {
    const octets = /^0x[0-9A-Fa-f]/i.test(text) ? parseHex(text.slice(2).replaceAll('.', '')) : undefined;
    return octets !== undefined && octets.length > 0 ? octets : undefined;
  },
  (from) => (from.left === 0 ? undefined : `0x${Buffer.from(from.rest()).toString('hex')}`),
);
