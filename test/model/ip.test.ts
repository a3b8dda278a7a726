// IP addresses as text: one spelling in, the canonical one out, the odd spellings of inet_aton refused. Node's own
// parsers are the second opinion.

import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4OfNumber, ipv4ToNumber, ipv6ToText, parseIpv4, parseIpv6, unusableReason } from '../../src/model/ip.ts';

const none = new Uint8Array(0);

describe('IPv4', () => {
  test.each(['0.0.0.0', '10.0.0.7', '255.255.255.255', '1.2.3.4'])('%s is read', (text) => {
    expect(parseIpv4(text)).toEqual(Uint8Array.from(text.split('.').map(Number)));
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.-4',
    '01.2.3.4',
    '010.0.0.1',
    '0x7f.1',
    '0x7f.0.0.1',
    '127.1',
    '2130706433',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4%0a',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '１.2.3.4',
    '1e1.2.3.4',
    '1.2.3.4\n',
  ])('%j is refused', (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });
});

describe('IPv6', () => {
  test.each([
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ])('%s is %s', (text, canonical) => {
    const octets = parseIpv6(text);
    expect(octets).toHaveLength(16);
    expect(ipv6ToText(octets as Uint8Array)).toBe(canonical);
  });

  test.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:1',
    '::01.2.3.4',
    '1.2.3.4',
    '[::1]',
    '::1 ',
    ':1:2:3:4:5:6:7',
    `${'0'.repeat(100)}::`,
  ])('%j is refused', (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  });

  test('what is read is what Node reads, and canonical text is the URL standard’s', () => {
    const groups = fc.array(fc.constantFrom('0', '0', '0', '1', 'ffff', '00a', 'DB8', '1.2.3.4', ''), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(groups, (parts) => {
        const text = parts.join(':');
        const octets = parseIpv6(text);
        expect(octets !== undefined).toBe(isIPv6(text));
        if (octets === undefined) return;
        expect(`[${ipv6ToText(octets)}]`).toBe(new URL(`http://[${text}]`).hostname);
      }),
      { numRuns: 2000 },
    );
  });
});

test('canonical text reads back to the same octets', () => {
  const octets = fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(octets, (address) => {
      const text = ipv6ToText(Uint8Array.from(address));
      expect(isIPv6(text)).toBe(true);
      expect([...(parseIpv6(text) ?? none)]).toEqual([...address]);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }), (parts) => {
      expect(parseIpv4(parts.join('.')) !== undefined).toBe(isIPv4(parts.join('.')));
    }),
  );
});

describe('an address that clients cannot connect to', () => {
  test.each([
    ['0.0.0.0', '0.0.0.0/8'],
    ['0.1.2.3', '0.0.0.0/8'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['169.254.169.254', 'link-local'],
  ])('%s: %s', (text, why) => {
    expect(unusableReason(4, parseIpv4(text) ?? none)).toContain(why);
  });

  test.each([
    ['::', 'unspecified'],
    ['ff02::1', 'multicast'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['::ffff:1.2.3.4', 'write 1.2.3.4'],
  ])('%s: %s', (text, why) => {
    expect(unusableReason(6, parseIpv6(text) ?? none)).toContain(why);
  });

  test('others can be connected to', () => {
    for (const text of ['10.0.0.1', '127.0.0.1', '169.253.1.1', '1.2.3.4', '223.255.255.255']) {
      expect(unusableReason(4, parseIpv4(text) ?? none)).toBeUndefined();
    }
    for (const text of ['::1', '2001:db8::1', 'fd00::1', 'fec0::1', '64:ff9b::1.2.3.4']) {
      expect(unusableReason(6, parseIpv6(text) ?? none)).toBeUndefined();
    }
  });
});

test('a dotted address is a number and back, any of them', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      expect(ipv4OfNumber(ipv4ToNumber(text) as number)).toBe(text);
    }),
  );
  expect(ipv4ToNumber('10.0.0.256')).toBeUndefined();
});
