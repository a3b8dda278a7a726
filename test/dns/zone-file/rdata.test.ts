// Record data in both directions: the parts that a text becomes, the text that parts become, and that each leads back.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rdata } from '../../../src/dns/message/message.ts';
import { name, nameToText } from '../../../src/dns/message/name.ts';
import { typeName, typeNumber } from '../../../src/dns/message/type-names.ts';
import { Lexer } from '../../../src/dns/zone-file/lexer.ts';
import { parseRdata, rdataFromOctets, rdataToText } from '../../../src/dns/zone-file/rdata.ts';
import { rdataOctets } from '../../../src/dns/zone-file/rdata-octets.ts';
import { Words } from '../../../src/dns/zone-file/words.ts';
import { acceptedSyntax } from './corpus/accepted-syntax.ts';
import { acceptedTypes } from './corpus/accepted-types.ts';
import { parse } from './zone-of.ts';

const r = String.raw;
const origin = name('example.test.');

function read(mnemonic: string, text: string): Rdata | string {
  const entry = new Lexer(`. ${text}`).next();
  if (entry === undefined || 'fault' in entry) return 'not one entry';
  const rdata = parseRdata(typeNumber(mnemonic) as number, new Words(entry.tokens, 1, origin));
  return 'what' in rdata ? rdata.what : rdata;
}

/** Octets in hexadecimal, names as text. */
function parts(rdata: Rdata | string): string[] | string {
  if (typeof rdata === 'string') return rdata;
  return rdata.map((part) => (typeof part === 'string' ? nameToText(part) : Buffer.from(part).toString('hex')));
}

describe('the parts of a record', () => {
  it.each([
    ['A', '192.0.2.1', ['c0000201']],
    ['AAAA', '2001:db8::ffff:1.2.3.4', ['20010db800000000' + '0000ffff01020304']],
    ['NS', 'Ns', ['Ns.example.test.']],
    ['MX', '10 mail.other.', ['000a', 'mail.other.']],
    ['SRV', '1 2 80 x', ['000100020050', 'x.example.test.']],
    [
      'SOA',
      'ns h 1 1h 2 3 1d',
      ['ns.example.test.', 'h.example.test.', '0000000100000e100000000200000003' + '00015180'],
    ],
    ['TXT', r`a "b c" "" "\;\065"`, ['016103622063' + '00' + '023b41']],
    ['CAA', '0 issue "ca"', ['00056973737565' + '6361']],
    ['RP', 'a b.', ['a.example.test.', 'b.']],
    ['NAPTR', '1 2 s "" "" .', ['00010002' + '0173' + '00' + '00', '.']],
    ['HTTPS', '1 . port=443 alpn="h2,h3"', ['0001', '.', '00010006' + '02683202683300030002' + '01bb']],
    ['SVCB', '0 x', ['0000', 'x.example.test.']],
    ['SVCB', r`1 . alpn="a\\,b,c"`, ['0001', '.', '00010006' + '03612c62' + '0163']],
    ['URI', '1 2 "ftp:"', ['000100026674703a']],
    ['LOC', '42 21 54 N 71 06 18 W -24m 30m', ['00331613' + '89172dd0' + '70be15f0' + '00988d20']],
    ['APL', '1:192.168.32.0/21 !2:::/0', ['00011503' + 'c0a820' + '00020080']],
    ['NSEC', 'b A MX RRSIG TYPE1234', ['b.example.test.', `0006400100000002041b${'00'.repeat(26)}20`]],
    ['EUI48', '00-00-5e-00-53-2A', ['00005e00532a']],
    ['TYPE65280', r`\# 3 ab cdef`, ['abcdef']],
    ['TYPE65280', r`\# 0`, ['']],
    ['MX', r`\# 5 000A016100`, ['000a', 'a.']],
    [
      'SOA',
      r`\# 26 0161000162000000000100000002000000030000000400000005`,
      ['a.', 'b.', '0000000100000002' + '000000030000000400000005'],
    ],
  ])('%s %s', (mnemonic, text, expected) => {
    expect(parts(read(mnemonic, text))).toEqual(expected);
  });
});

describe('faults are reported', () => {
  it.each([
    ['A', '256.0.0.1', 'A: an IPv4 address (four numbers from 0 to 255) is expected'],
    ['A', '', 'A: an IPv4 address (four numbers from 0 to 255) is missing'],
    ['A', '192.0.2.1 x', 'A: nothing more is expected here'],
    ['A', '"192.0.2.1"', 'A: an IPv4 address (four numbers from 0 to 255) is expected here, without quotes'],
    ['SRV', '1 2 65536 x', 'SRV: port must be a number from 0 to 65535'],
    ['MX', '10 a..b', 'MX: host is not a legal name: empty label'],
    ['TXT', `"${'x'.repeat(256)}"`, 'TXT: text is over 255 octets: 256'],
    ['TXT', r`"\256"`, 'TXT: escape in text is not \\DDD with 000-255 or \\X'],
    ['DS', '1 8 2 abcd', 'DS: digest of type 2 must have 32 octets, not 2'],
    ['A', r`\# 5 0102030405`, 'octets are not legal data of type A'],
    ['A', r`\# 4 01020304 zz`, 'data is not hexadecimal'],
    ['A', r`\# 5 01020304`, 'there are 4 octets, not the number announced'],
    ['TYPE65280', 'abc', 'data of type TYPE65280 is only read as \\# length hexadecimal (RFC 3597)'],
    ['HTTPS', '1 . mandatory=port', 'HTTPS: service parameter port is mandatory but not given'],
    ['HTTPS', '1 . alpn=h2 alpn=h3', 'HTTPS: service parameter alpn is given twice'],
    ['HTTPS', '1 . no-such=1', 'HTTPS: service parameter has an unknown key'],
    ['DNSKEY', '256 3 8 AwEAAah=', 'DNSKEY: data is not base64'],
    ['LOC', '91 N 0 E 0m', 'LOC: latitude, as degrees, minutes, seconds and N or S, is expected'],
  ])('%s %s', (mnemonic, text, expected) => {
    expect(read(mnemonic, text)).toBe(expected);
  });
});

describe('as text', () => {
  it.each([
    ['A', '192.0.2.1', '192.0.2.1'],
    ['AAAA', '2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['AAAA', '1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['AAAA', '::', '::'],
    ['TXT', r`a "b\"c" "\200;"`, r`"a" "b\"c" "\200;"`],
    ['MX', '10 mail', '10 mail.example.test.'],
    ['HTTPS', '1 . port=443 alpn=h2,h3 key9', '1 . alpn="h2,h3" port=443 key9'],
    ['CNAME', r`a\.b\000c.d.`, r`a\.b\000c.d.`],
    ['LOC', '52 22 23 N 4 53 32 E -2m', '52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m'],
    ['LOC', r`\# 16 01121613800000008000000000989680`, r`\# 16 01121613800000008000000000989680`],
    [
      'RRSIG',
      'A 8 3 300 20300101000000 20200101000000 1 @ AAAA',
      'A 8 3 300 20300101000000 20200101000000 1 example.test. AAAA',
    ],
    ['NSEC3PARAM', '1 0 0 -', '1 0 0 -'],
    ['TYPE65280', r`\# 2 ABCD`, r`\# 2 abcd`],
    ['TYPE65280', r`\# 0`, r`\# 0`],
    ['APL', '', ''],
  ])('%s %s', (mnemonic, text, expected) => {
    expect(rdataToText(typeNumber(mnemonic) as number, read(mnemonic, text) as Rdata)).toBe(expected);
  });

  it('leads back to the same octets, for every record of the corpus', () => {
    let seen = 0;
    for (const text of Object.values({ ...acceptedSyntax, ...acceptedTypes })) {
      for (const { type, rdata } of parse(text).records) {
        const shown = rdataToText(type, rdata);
        expect([shown, parts(read(typeName(type), shown))]).toEqual([shown, parts(rdata)]);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(1000);
  });

  const types = 'A AAAA NS SOA MX TXT SRV CAA HTTPS NAPTR LOC APL NSEC NSEC3 RRSIG DS IPSECKEY URI L64 EUI64'.split(
    ' ',
  );

  it('leads back to the same octets, for any octets that a type takes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 40 }), (mnemonic, octets) => {
        const rdata = rdataFromOctets(typeNumber(mnemonic) as number, octets);
        if (rdata === undefined) return;
        expect(rdataOctets(rdata).equals(octets)).toBe(true);
        const again = read(mnemonic, rdataToText(typeNumber(mnemonic) as number, rdata));
        expect(rdataOctets(again as Rdata).equals(octets)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('leads back to the same strings', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 5 }), (strings) => {
        const rdata = [Buffer.concat(strings.map((string) => Buffer.from([string.length, ...string])))];
        expect(parts(read('TXT', rdataToText(16, rdata)))).toEqual(parts(rdata));
      }),
    );
  });
});
