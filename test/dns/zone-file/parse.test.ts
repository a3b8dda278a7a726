// Entries to records: what a line may leave out, what directives change and for how long, and the texts of faults.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameToText } from '../../../src/dns/message/name.ts';
import { typeName } from '../../../src/dns/message/type-names.ts';
import { faultsMax, formatFault } from '../../../src/dns/zone-file/fault.ts';
import { includesMax } from '../../../src/dns/zone-file/parse.ts';
import { rdataToText } from '../../../src/dns/zone-file/rdata.ts';
import { acceptedSyntax } from './corpus/accepted-syntax.ts';
import { acceptedTypes } from './corpus/accepted-types.ts';
import { refusedSyntax } from './corpus/refused-syntax.ts';
import { refusedTypes } from './corpus/refused-types.ts';
import { head, zone } from './corpus/zone-text.ts';
import { check, faultsOf, parse } from './zone-of.ts';

const r = String.raw;

/** The records behind those of the corpus' head, `owner ttl type data`, `.example.test.` left out. */
function read(lines: string, files?: Readonly<Record<string, string>>): string[] {
  const { records, faults } = parse(zone(lines), files);
  expect(faults.all).toEqual([]);
  return records
    .slice(3)
    .map(({ owner, ttl, type, rdata }) => `${nameToText(owner)} ${ttl} ${typeName(type)} ${rdataToText(type, rdata)}`)
    .map((record) => record.replaceAll('.example.test.', ''));
}

describe('a record', () => {
  it.each([
    ['has everything', 'a 60 IN A 192.0.2.2', ['a 60 A 192.0.2.2']],
    ['has its class first', 'a IN 60 A 192.0.2.2', ['a 60 A 192.0.2.2']],
    ['leaves its TTL out', 'a 60 A 192.0.2.2\nb A 192.0.2.3', ['a 60 A 192.0.2.2', 'b 300 A 192.0.2.3']],
    ['leaves its owner out', 'a A 192.0.2.2\n 60 AAAA ::1', ['a 300 A 192.0.2.2', 'a 60 AAAA ::1']],
    ['has a TTL with units', 'a 1w2d3h4m5s A 192.0.2.2', ['a 788645 A 192.0.2.2']],
    [
      'has an owner like a TTL and a type',
      '60 60 A 192.0.2.2\nA A 192.0.2.2',
      ['60 60 A 192.0.2.2', 'a 300 A 192.0.2.2'],
    ],
    ['has its owner folded, its names not', 'UP CNAME Down', ['up 300 CNAME Down']],
    ['stands at the origin', '@ MX 1 @', ['example.test. 300 MX 1 example.test.']],
  ])('%s', (_, lines, expected) => {
    expect(read(lines)).toEqual(expected);
  });
});

describe('the TTL without $TTL', () => {
  const ttls = (text: string) => parse(text).records.map(({ ttl }) => ttl);
  const apex = (soaTtl: string, rest: string) => `@ ${soaTtl} SOA ns h 1 2 3 4 5\n${rest}`;

  it('is the SOA minimum where the SOA has none', () => {
    expect(ttls(apex('', '@ NS ns\nns 77 A 192.0.2.1\nx A 192.0.2.2\n'))).toEqual([5, 5, 77, 5]);
  });

  it('is that of the record before where the SOA has one', () => {
    expect(ttls(apex('60', '@ NS ns\nns 77 A 192.0.2.1\nx A 192.0.2.2\n'))).toEqual([60, 60, 77, 77]);
  });

  it('is missing before the SOA, reported once', () => {
    expect(faultsOf(`@ NS ns\n@ NS ns2\n${apex('60', '')}`)).toEqual([
      '1:3: there is no TTL: not here, not before, and no $TTL',
    ]);
  });
});

describe('directives', () => {
  it.each([
    [
      '$ORIGIN completes names',
      '$ORIGIN sub\na A 192.0.2.2\n@ A 192.0.2.3',
      ['a.sub 300 A 192.0.2.2', 'sub 300 A 192.0.2.3'],
    ],
    ['$ORIGIN of $ORIGIN', '$ORIGIN b\n$ORIGIN a\n@ NS x', ['a.b 300 NS x.a.b']],
    ['$ORIGIN leaves the owner', 'a A 192.0.2.2\n$ORIGIN sub\n AAAA ::1', ['a 300 A 192.0.2.2', 'a 300 AAAA ::1']],
    [
      'one owner text under two origins',
      'a A 192.0.2.2\n$ORIGIN sub\na AAAA ::1',
      ['a 300 A 192.0.2.2', 'a.sub 300 AAAA ::1'],
    ],
    ['$TTL from here on', '$TTL 1h\na A 192.0.2.2\n$TTL 0\nb A 192.0.2.3', ['a 3600 A 192.0.2.2', 'b 0 A 192.0.2.3']],
    ['lower case', '$ttl 60\n$origin sub\na A 192.0.2.2', ['a.sub 60 A 192.0.2.2']],
  ])('%s', (_, lines, expected) => {
    expect(read(lines)).toEqual(expected);
  });

  it('$INCLUDE takes origin and owner back, and leaves the TTL', () => {
    const files = { f: ' TXT owner\n$ORIGIN deep\n$TTL 77\n@ A 192.0.2.9\n' };
    expect(read('a A 192.0.2.2\n$INCLUDE "f" sub\n AAAA ::1\nb A 192.0.2.3', files)).toEqual([
      'a 300 A 192.0.2.2',
      'a 300 TXT "owner"',
      'deep.sub 77 A 192.0.2.9',
      'a 77 AAAA ::1',
      'b 77 A 192.0.2.3',
    ]);
  });

  it('$INCLUDE stops at eight files', () => {
    const files = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, `$INCLUDE f${i + 1}\n`]));
    expect(faultsOf(zone('$INCLUDE f0'), files)).toEqual(['f6:1:10: $INCLUDE is over 8 deep']);
  });

  it('$INCLUDE stops at a thousand times', () => {
    const faults = faultsOf(zone('$INCLUDE empty\n'.repeat(includesMax + 1)), { empty: '' });
    expect(faults).toEqual([`${includesMax + 5}:10: zone has over ${includesMax} $INCLUDEs`]);
  });

  it('$INCLUDE counts the octets of a file each time', () => {
    const half = `; ${'x'.repeat(40 * 1024 * 1024)}`;
    expect(faultsOf(zone('$INCLUDE half\n$INCLUDE half'), { half })).toEqual([
      'half:1:1: zone is over 67108864 octets with all that it includes and generates',
    ]);
  });
});

describe('$GENERATE', () => {
  it.each([
    ['counts', '$GENERATE 1-2 a$ A 192.0.2.$', ['a1 300 A 192.0.2.1', 'a2 300 A 192.0.2.2']],
    ['counts in steps', '$GENERATE 0-5/3 $ PTR h$.x.', ['0 300 PTR h0.x.', '3 300 PTR h3.x.']],
    ['shifts, pads and converts', r`$GENERATE 27-27 a${'$'}{-1,4,x} TXT ${'$'}{1,6,o}`, ['a001a 300 TXT "000034"']],
    ['makes reverse names', r`$GENERATE 26-26 ${'$'}{0,8,n}ip6.arpa TXT x`, ['a.1.0.0.ip6.arpa 300 TXT "x"']],
    ['keeps dollar signs', r`$GENERATE 1-1 a$$\$ TXT \$1$$`, [r`a\$\$ 300 TXT "$1$"`]],
    ['has data of several words', r`$GENERATE 1-1 a$ 60 IN TXT "a$ \"b $\""`, ['a1 60 TXT "a1" "b 1"']],
    [
      'leaves the owner',
      'x A 192.0.2.2\n$GENERATE 1-1 a$ A 192.0.2.3\n AAAA ::1',
      ['x 300 A 192.0.2.2', 'a1 300 A 192.0.2.3', 'x 300 AAAA ::1'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(read(lines)).toEqual(expected);
  });

  it('makes 65 536 records and no more', () => {
    expect(read('$GENERATE 0-65535 h$ A 192.0.2.1')).toHaveLength(65_536);
    expect(faultsOf(zone('$GENERATE 0-65536 h$ A 192.0.2.1'))).toEqual([
      '5:11: range makes 65537 records, more than 65536, received "0-65536"',
    ]);
  });

  it('counts against the size of the zone', () => {
    const wide = `$GENERATE 1-65536 h TXT ${'x'.repeat(255)}\n`.repeat(5);
    expect(parse(zone(wide)).faults.all.map(formatFault)).toEqual([
      'z:8:1: zone is over 67108864 octets with all that it includes and generates',
      'z:9:1: zone is over 67108864 octets with all that it includes and generates',
    ]);
  });

  it('reports one fault and at which number', () => {
    expect(faultsOf(zone('$GENERATE 254-300 h$ A 192.0.2.$'))).toEqual([
      '5:1: A: an IPv4 address (four numbers from 0 to 255) is expected, received "192.0.2.256"',
    ]);
    expect(faultsOf(zone('$GENERATE 1-9 $ PTR "a $"'))).toHaveLength(1);
  });
});

describe('faults', () => {
  it('are all there, each with its place', () => {
    expect(faultsOf(zone('a A 1.2.3\nb FOO x\n 5x TXT y\n$FOO\nc CH A 192.0.2.2\nd MX 1 x y'))).toEqual([
      '5:5: A: an IPv4 address (four numbers from 0 to 255) is expected, received "1.2.3"',
      '6:3: unknown record type, received "FOO"',
      '7:2: TTL must be 0 to 2147483647 seconds, units as in 1h30m allowed, received "5x"',
      '8:1: unknown directive, received "$FOO"',
      '9:3: class must be IN, received "CH"',
      '10:10: MX: nothing more is expected here, received "y"',
    ]);
  });

  it('cut and escape what they show', () => {
    expect(faultsOf(zone(`a A ${'x'.repeat(100)}`))[0]).toMatch(/received "x{64}\.\.\."$/);
    expect(faultsOf(zone('a A \x1b[31m\x00'))).toEqual(['5:10: NUL octet']);
    expect(faultsOf(zone('a A \x1b[31m\xff\x9b'))[0]).toMatch(/received "\\027\[31m\xff\\155"$/);
  });

  it('never show what an included file holds', () => {
    const secret =
      'root:$6$hash:19000::\nq A hunter2\n\\hunter2.. A 192.0.2.1\n$hunter2\nhunter2.outside. A 192.0.2.1\n@ CNAME hunter2\n$GENERATE hunter2 a A hunter2\n';
    const faults = faultsOf(zone('$INCLUDE secret'), { secret });
    expect(faults.length).toBeGreaterThan(5);
    for (const fault of faults) expect(fault).not.toMatch(/hunter2|hash|root/);
  });

  it('stop at a hundred', () => {
    const faults = check(zone('a A x\n'.repeat(1000))).faults;
    expect(faults).toHaveLength(faultsMax);
    expect(faults.at(-1)?.message).toBe('more than 99 faults: the rest of the zone is not looked at');
  });

  it('of a line do not make other lines faulty', () => {
    expect(faultsOf(`@ SOA ns h x 2 3 4 5\n@ NS ns\n`)).toHaveLength(2);
    expect(faultsOf(zone('a..b CNAME c\n AAAA ::1'))).toEqual([
      '5:1: owner is not a legal name: empty label, received "a..b"',
    ]);
  });
});

describe('any text', () => {
  const corpus = Object.values({ ...acceptedSyntax, ...acceptedTypes, ...refusedSyntax, ...refusedTypes });
  const short = corpus.filter((text) => text.length < 1000).map((text) => text.slice(head.length));

  it('is read without an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => void check(text)),
      { numRuns: 300 },
    );
  });

  it('near the corpus is read without an exception', () => {
    const mutation = fc.record({
      text: fc.constantFrom(...short),
      at: fc.nat(200),
      length: fc.nat(5),
      piece: fc.constantFrom(
        '',
        ' ',
        '"',
        '\\',
        '(',
        ')',
        '\n',
        '.',
        '$',
        '{',
        '9',
        '-',
        '\\#',
        '=',
        ',',
        '/',
        ':',
        '\xff',
      ),
    });
    fc.assert(
      fc.property(mutation, ({ text, at, length, piece }) => {
        const { zone: made, faults } = check(zone(text.slice(0, at) + piece + text.slice(at + length)));
        expect(made === undefined).toBe(faults.length > 0);
      }),
      { numRuns: 2000 },
    );
  });
});
