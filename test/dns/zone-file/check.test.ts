// Records to a zone: the rules that need more than one line, and the line that each fault names.

import { describe, expect, it } from 'vitest';
import { childOf, name } from '../../../src/dns/message/name.ts';
import { head, zone } from './corpus/zone-text.ts';
import { apex, check, faultsOf, recordsOf } from './zone-of.ts';

const soa = '$TTL 300\n@ SOA ns h 1 2 3 4 5\n';

describe('a zone is refused for', () => {
  it.each([
    ['no SOA', '$TTL 300\n@ NS x.\n', ['1:1: zone has no SOA record at its apex']],
    ['nothing at all', '', ['1:1: zone has no SOA record at its apex', '1:1: zone has no NS record at its apex']],
    ['no NS', soa, ['1:1: zone has no NS record at its apex']],
    ['two SOAs', zone('@ SOA ns h 2 2 3 4 5'), ['5:1: zone has a second, different SOA record, owner "example.test."']],
    [
      'an SOA below',
      zone('a SOA ns h 1 2 3 4 5'),
      ['5:1: SOA record below the apex of the zone, owner "a.example.test."'],
    ],
    ['two CNAMEs', zone('a CNAME b\na CNAME c'), ['6:1: name has a second CNAME record, owner "a.example.test."']],
    [
      'CNAME and A',
      zone('a CNAME b\na A 192.0.2.2'),
      ['6:1: name has a CNAME record and other data (A), owner "a.example.test."'],
    ],
    [
      'A and CNAME',
      zone('a A 192.0.2.2\na CNAME b'),
      ['5:1: name has a CNAME record and other data (A), owner "a.example.test."'],
    ],
    ['two DNAMEs', zone('a DNAME b\na DNAME c'), ['6:1: name has a second DNAME record, owner "a.example.test."']],
    [
      'DNAME and CNAME',
      zone('a DNAME b\na CNAME c'),
      ['5:1: name has a CNAME record and other data (DNAME), owner "a.example.test."'],
    ],
    ['DNAME and NS', zone('a DNAME b\na NS ns'), ['5:1: DNAME record at a delegation, owner "a.example.test."']],
    [
      'names below a DNAME',
      zone('x.y.a A 192.0.2.2\na DNAME b'),
      ['5:1: name is below a DNAME record, owner "x.y.a.example.test."'],
    ],
    [
      'names outside',
      zone('a.other. A 192.0.2.2\ntest. A 192.0.2.2'),
      ['5:1: name is outside the zone, owner "a.other."', '6:1: name is outside the zone, owner "test."'],
    ],
    ['NS at a wildcard', zone('*.a NS ns'), ['5:1: NS record at a wildcard, owner "*.a.example.test."']],
    [
      'a server without address',
      `${soa}@ NS ns\n`,
      ['3:1: name server of the zone has no A or AAAA record, target "ns.example.test."'],
    ],
    [
      'a server that is an alias',
      zone('@ NS c\nc CNAME ns'),
      ['5:1: name server of the zone is an alias (CNAME), target "c.example.test."'],
    ],
    [
      'a server at an empty name',
      zone('@ NS b\na.b A 192.0.2.2'),
      ['5:1: name server of the zone has no A or AAAA record, target "b.example.test."'],
    ],
  ])('%s', (_, text, expected) => {
    expect(faultsOf(text)).toEqual(expected);
  });

  it('an RRset that no message can hold', () => {
    const many = (count: number) =>
      zone(Array.from({ length: count }, (_, i) => `m TYPE65280 \\# 4 ${(i + 2 ** 28).toString(16)}`).join('\n'));
    expect(faultsOf(many(4000))).toEqual([]);
    expect(faultsOf(many(4096))[0]).toMatch(
      /^5:1: TYPE65280 records of this name take \d+ octets, more than the 65535/,
    );
  });

  it('a faulty line, without a second fault for what it held', () => {
    expect(faultsOf('$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS a..b\n')).toHaveLength(1);
  });

  it('faults of lines and of the whole, both at once', () => {
    expect(faultsOf(zone('a A x\nb CNAME c\nb TXT d'))).toEqual([
      '5:5: A: an IPv4 address (four numbers from 0 to 255) is expected, received "x"',
      '7:1: name has a CNAME record and other data (TXT), owner "b.example.test."',
    ]);
  });
});

describe('a zone', () => {
  it('has duplicates once, with the lower TTL', () => {
    const { zone: made } = check(zone('a 60 MX 1 B\nA 50 MX 1 b\na 70 MX 1 b\na MX 2 b'));
    const rrset = made?.records.get(childOf('a', apex) as typeof apex)?.rrset(15).rrset;
    expect(rrset?.ttl).toBe(50);
    expect(rrset?.rdatas).toHaveLength(2);
  });

  it('takes 300 records of one name', () => {
    const { zone: made } = check(zone(Array.from({ length: 300 }, (_, i) => `m TXT ${i}`).join('\n')));
    expect(made?.records.get(childOf('m', apex) as typeof apex)?.rrset(16).rrset?.rdatas).toHaveLength(300);
  });

  it('has its apex folded and its records by folded name', () => {
    const { zone: made } = check(`${head}WWW A 192.0.2.2\n`);
    expect(made?.apex).toBe(name('example.test.'));
    expect(made?.records.has(name('www.example.test.'))).toBe(true);
    expect(recordsOf(made as NonNullable<typeof made>)).toHaveLength(4);
  });
});
