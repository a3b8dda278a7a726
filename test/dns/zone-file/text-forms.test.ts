// The small notations: spans of time, addresses, names. Each is exactly what its definition allows.

import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { name, parseName, ROOT } from '../../../src/dns/message/name.ts';
import { readName } from '../../../src/dns/zone-file/name-text.ts';
import { parseSeconds } from '../../../src/dns/zone-file/ttl-text.ts';
import { ipv4ToText, ipv6ToText, parseIpv4, parseIpv6 } from '../../../src/model/ip.ts';

describe('seconds', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['1h30m', 5400],
    ['30M1H', 5400],
    ['1w1d1h1m1s', 694_861],
    ['1h1h', 7200],
    ['4294967295', 4_294_967_295],
    ['4294967296', undefined],
    ['9999w', undefined],
    ['', undefined],
    ['h', undefined],
    ['1h30', undefined],
    ['1hh', undefined],
    ['1y', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1.5', undefined],
    ['1 h', undefined],
  ])('%j is %s', (text, seconds) => {
    expect(parseSeconds(text)).toBe(seconds);
  });
});

describe('addresses', () => {
  const near = (characters: string) => fc.string({ unit: fc.constantFrom(...characters.split('')), maxLength: 24 });
  const ipv4 = fc.oneof(fc.ipV4(), near('0125.'));
  const ipv6 = fc.oneof(fc.ipV6(), near('01f::.'), near('0123456789abcdef:'));

  it('of IPv4 are those that the system takes', () => {
    fc.assert(
      fc.property(ipv4, (text) => {
        expect(parseIpv4(text) !== undefined).toBe(isIPv4(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('of IPv6 are those that the system takes', () => {
    fc.assert(
      fc.property(ipv6, (text) => {
        expect(parseIpv6(text) !== undefined).toBe(isIPv6(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('come back from their text', () => {
    const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const sparse = fc
      .array(fc.constantFrom(0, 0, 1, 255), { minLength: 16, maxLength: 16 })
      .map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(octets(4), (given) => {
        expect(parseIpv4(ipv4ToText(given))).toEqual(given);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(octets(16), sparse), (given) => {
        expect(parseIpv6(ipv6ToText(given))).toEqual(given);
      }),
    );
  });

  it('of IPv6 are printed as RFC 5952 has them', () => {
    const canonical = (text: string) => new URL(`http://[${text}]`).hostname.slice(1, -1);
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(ipv6ToText(parseIpv6(text) as Uint8Array)).toBe(canonical(text));
      }),
    );
  });
});

describe('names', () => {
  it('are read as parseName reads them', () => {
    const piece = fc.constantFrom('a', 'B', '.', '\\', '0', '@', '*', '-', '\xff', 'x'.repeat(31), 'y'.repeat(62));
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const origin = fc.constantFrom(ROOT, name('example.test.'), name(`${'z'.repeat(63)}.${'z'.repeat(63)}.`));
    fc.assert(
      fc.property(text, origin, (given, from) => {
        expect(readName(given, from)).toEqual(parseName(given, from));
      }),
      { numRuns: 3000 },
    );
  });

  it('may have 255 octets and no more', () => {
    const labels = ['a', 'b', 'c'].map((letter) => letter.repeat(63)).join('.');
    expect(readName(`${labels}.${'d'.repeat(61)}.`, ROOT)).toHaveLength(255);
    expect(readName(`${labels}.${'d'.repeat(61)}`, ROOT)).toHaveLength(255);
    expect(readName(`${labels}.${'d'.repeat(62)}.`, ROOT)).toEqual({ fault: 'name is over 255 octets: 256', at: 0 });
    expect(readName(`${labels}.${'d'.repeat(61)}`, name('x.'))).toMatchObject({ at: 0 });
  });
});
