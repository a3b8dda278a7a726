// Records of a static zone from one line of text each, for tests that are not about zone files: no escapes, no relative
// names, no classes. `www.svc. 300 A 10.0.0.1`

import type { Rdata } from '../../../src/dns/message/message.ts';
import { fold, name } from '../../../src/dns/message/name.ts';
import { buildZone, type Zone, type ZoneRecord } from '../../../src/dns/zone/zone.ts';
import { hex, typeNumbers, u16 } from './packet.ts';

/** The zone that every harness serves: negative answers are kept for 5 s. */
export const originLines = [
  'svc. 3600 SOA ns.svc. hostmaster.svc. 1 3600 600 86400 5',
  'svc. 3600 NS ns.svc.',
  'ns.svc. 3600 A 127.0.0.1',
];

export function zoneOf(apex: string, lines: readonly string[]): Zone {
  return buildZone(name(apex), lines.map(recordOf));
}

export function recordOf(line: string): ZoneRecord {
  const [owner = '', ttl = '', type = '', ...words] = line.split(' ');
  const number = type.startsWith('TYPE') ? Number(type.slice(4)) : typeNumbers[type as keyof typeof typeNumbers];
  return { owner: fold(name(owner)), type: number, ttl: Number(ttl), rdata: rdataOf(type, words) };
}

function rdataOf(type: string, words: string[]): Rdata {
  const [first = '', second = '', ...rest] = words;
  switch (type) {
    case 'A':
      return [Uint8Array.from(first.split('.').map(Number))];
    case 'AAAA':
      return [
        hex(
          first
            .split(':')
            .map((group) => group.padStart(4, '0'))
            .join(''),
        ),
      ];
    case 'NS':
    case 'CNAME':
    case 'DNAME':
    case 'PTR':
      return [name(first)];
    case 'MX':
      return [u16(Number(first)), name(second)];
    case 'SOA': {
      const numbers = Buffer.alloc(20);
      for (const [index, word] of rest.entries()) numbers.writeUInt32BE(Number(word), index * 4);
      return [name(first), name(second), numbers];
    }
    case 'SRV':
      return [Buffer.concat([first, second, rest[0]].map((word) => u16(Number(word)))), name(rest[1] ?? '')];
    case 'TXT': {
      const text = Buffer.from(words.join(' '));
      return [Buffer.concat([Uint8Array.of(text.length), text])];
    }
    default:
      return [hex(words.join(''))];
  }
}
