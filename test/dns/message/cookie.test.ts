// Server cookies: the examples of RFC 9018 appendix A, and how long one is kept.

import { describe, expect, test } from 'vitest';
import { answerCookie, isCookieLength } from '../../../src/dns/message/cookie.ts';
import { hex } from '../../kit/dns/packet.ts';

const secret = hex('e5e973e5a6b2a43f48e7dc849e37bfcf');
const address = '198.51.100.100';
const client = '2464c4abcf10c957';
/** 2019-06-05 10:53:05 UTC */
const madeAt = 1_559_731_985;
const first = '2464c4abcf10c957010000005cf79f111f8130c3eee29480';

const answer = (shown: string, from = address, at = madeAt, key = secret) =>
  Buffer.from(answerCookie(hex(shown), from, key, at)).toString('hex');

describe('RFC 9018 appendix A', () => {
  test('A.1: a new server cookie', () => expect(answer(client)).toBe(first));

  test('A.2: renewed, forty minutes later', () => {
    expect(answer(first, address, madeAt + 2400)).toBe('2464c4abcf10c957010000005cf7a871d4a564a1442aca77');
  });

  test('A.3: another client’s, made with reserved octets by another server', () => {
    const shown = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5';
    expect(answer(shown, '203.0.113.203', 1_559_734_700)).toBe('fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e');
  });

  test('A.3: the reserved octets are hashed as they come, so while young that cookie is good here too', () => {
    const shown = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5';
    expect(answer(shown, '203.0.113.203', 0x5cf78f71 + 60)).toBe(shown);
    // One octet of them changed: not what was hashed.
    const forged = shown.replace('abcdef', 'abcdee');
    expect(answer(forged, '203.0.113.203', 0x5cf78f71 + 60)).not.toBe(forged);
  });

  test('A.4: an IPv6 client, after the secret was rolled over', () => {
    const from = '2001:db8:220:1:59de:d0f4:8769:82b8';
    const shown = '22681ab97d52c298010000005cf7c57926556bd0934c72f8';
    const oldSecret = hex('dd3bdf9344b678b185a6f5cb60fca715');
    const newSecret = hex('445536bcd2513298075a5d379663c962');
    expect(answer('22681ab97d52c298', from, 0x5cf7c579, oldSecret)).toBe(shown);
    expect(answer(shown, from, 1_559_741_961, oldSecret)).toBe(shown);
    expect(answer(shown, from, 1_559_741_961, newSecret)).toBe('22681ab97d52c298010000005cf7c609a6bb79d16625507a');
  });
});

describe('a cookie of ours', () => {
  test.each([
    [-301, 'new'],
    [-300, 'kept'],
    [0, 'kept'],
    [1799, 'kept'],
    [1801, 'new'],
    [3600, 'new'],
    [86_400 * 365, 'new'],
  ])('shown after %i s is %s', (seconds, expected) => {
    const got = answer(first, address, madeAt + seconds);
    expect(got === first ? 'kept' : 'new').toBe(expected);
    expect(got.slice(0, 24)).toBe(`${client}01000000`);
    if (got !== first) expect(Number.parseInt(got.slice(24, 32), 16)).toBe(madeAt + seconds);
  });

  test('is kept across the end of 32 bits of time, in 2106', () => {
    const late = answer(client, address, 2 ** 32 - 10);
    expect(late.slice(24, 32)).toBe('fffffff6');
    expect(answer(late, address, 2 ** 32 + 10)).toBe(late);
    expect(answer(late, address, 2 ** 32 + 1900).slice(24, 32)).toBe('0000076c');
  });

  test('carries whole seconds', () => expect(answer(client, address, madeAt + 0.999)).toBe(first));

  test('is no one else’s', () => {
    for (const from of ['198.51.100.101', '::1', '::ffff:198.51.100.100']) {
      expect(answer(first, from, madeAt + 1)).not.toBe(first);
    }
    expect(answer(first, address, madeAt + 1, hex('e5e973e5a6b2a43f48e7dc849e37bfce'))).not.toBe(first);
  });

  test.each(Array.from({ length: 24 }, (_, index) => index))('with octet %i changed is replaced', (index) => {
    const changed = hex(first);
    changed[index] = (changed[index] as number) ^ 1;
    const shown = changed.toString('hex');
    const got = answer(shown, address, madeAt + 1);
    expect(got).not.toBe(shown);
    expect(got).toBe(answer(shown.slice(0, 16), address, madeAt + 1));
  });

  test('of a link-local client is bound to the address, not to the name of the interface', () => {
    const here = answer(client, 'fe80::1%eth0');
    expect(answer(here, 'fe80::1%eth1', madeAt + 1)).toBe(here);
    expect(answer(here, 'fe80::2%eth0', madeAt + 1)).not.toBe(here);
  });
});

test('lengths: eight of the client’s, alone or with 8 to 32 of a server’s', () => {
  const lengths = Array.from({ length: 60 }, (_, length) => length).filter(isCookieLength);
  expect(lengths).toEqual([8, ...Array.from({ length: 25 }, (_, index) => 16 + index)]);
});

test.each([16, 23, 25, 40])('a server’s part of another kind, %i octets in all, gets ours instead', (length) => {
  const shown = Buffer.concat([hex(first), Buffer.alloc(16)])
    .subarray(0, length)
    .toString('hex');
  expect(answer(shown)).toBe(first);
});
