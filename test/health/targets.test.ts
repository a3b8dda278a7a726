// Where checks go, and where they do not.

import { expect, test } from 'vitest';
import { locateWithin, parseNetwork } from '../../src/health/targets.ts';
import type { Address } from '../../src/model/address.ts';

const named = (host: string): Address => ({
  portName: 'http',
  protocol: 'tcp',
  host,
  family: 'name',
  port: 80,
});

/** A resolver that knows `name -> addresses`, each look-up taking the next of them where there are several sets. */
function resolver(...sets: readonly (readonly string[])[]) {
  let asked = 0;
  const find = async () => {
    const set = sets[Math.min(asked, sets.length - 1)] as readonly string[];
    asked++;
    return set.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return { find: find as never, asked: () => asked };
}

test.each([
  '169.254.169.254',
  'fe80::1',
  '224.0.0.1',
  'ff02::1',
  '0.0.0.0',
  '255.255.255.255',
  '::',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  '::ffff:169.254.169.254',
  // The same in IPv6: NAT64, a network's own NAT64, 6to4, Teredo (server and client), ISATAP, IPv4-compatible and -translated.
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::6464:64c8',
  '64:ff9b::e000:1',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:a9fe:a9:fe00::',
  '64:ff9b:1:a9:fe:a9fe::',
  '64:ff9b:1:0:a9:fea9:fe00:0',
  '::ffff:0:169.254.169.254',
  '2002:a9fe:a9fe::1',
  '2002:a83f:8110::1',
  '2001:0:a9fe:a9fe::1',
  '2001:0:102:304:0:0:5601:5601',
  'fd12::5efe:169.254.169.254',
  'fd12::200:5efe:a9fe:a9fe',
  '::a9fe:a9fe',
])('not to a name that leads to %s', async (ip) => {
  const { find } = resolver([ip]);
  expect(await locateWithin([], find)(named('evil.example'))).toEqual({
    refused: expect.stringMatching(`^checks do not go to ${ip}: .*checkNetworks`),
  });
});

test.each([
  '127.0.0.1',
  '10.0.0.7',
  '192.168.1.1',
  '2001:db8::7',
  '::1',
  '64:ff9b::a00:7',
  // Read as the address after a shorter prefix it would be 0.0.0.0.
  '64:ff9b:1::a00:7',
  '2002:a00:7::1',
  '100.100.100.201',
])('to %s', async (ip) => {
  const { find } = resolver([ip]);
  expect(await locateWithin([], find)(named('a.example'))).toMatchObject({ ips: [ip], port: 80 });
});

test('one closed address among several closes them all', async () => {
  const { find } = resolver(['10.0.0.7', '169.254.169.254']);
  expect(await locateWithin([], find)(named('a.example'))).toHaveProperty('refused');
});

test('an address is checked as well as a name, and is not looked up', async () => {
  const { find, asked } = resolver(['10.0.0.1']);
  const locate = locateWithin([], find);
  expect(await locate({ ...named('168.63.129.16'), family: 4 })).toHaveProperty('refused');
  expect(await locate({ ...named('10.9.9.9'), family: 4 })).toMatchObject({ ips: ['10.9.9.9'] });
  expect(asked()).toBe(0);
});

test('a name is looked up once, and what it led to is what is used', async () => {
  const { find, asked } = resolver(['10.0.0.7'], ['169.254.169.254']);
  expect(await locateWithin([], find)(named('rebinding.example'))).toMatchObject({ ips: ['10.0.0.7'] });
  expect(asked()).toBe(1);
});

test('networks are opened by name, and no wider', async () => {
  const locate = locateWithin(['169.254.10.0/24'], resolver(['169.254.10.7'], ['169.254.11.7']).find);
  expect(await locate(named('a'))).toMatchObject({ ips: ['169.254.10.7'] });
  expect(await locate(named('a'))).toHaveProperty('refused');
});

test('several addresses of a name are all there, in order, each once; eight of them at most', async () => {
  const { find } = resolver(
    ['::1', '127.0.0.1', '::1'],
    Array.from({ length: 20 }, (_, i) => `10.0.0.${i}`),
  );
  const locate = locateWithin([], find);
  expect(await locate(named('a'))).toMatchObject({ ips: ['::1', '127.0.0.1'] });
  expect(await locate(named('a'))).toMatchObject({ ips: Array.from({ length: 8 }, (_, i) => `10.0.0.${i}`) });
});

test('an opened network is open in its IPv6 forms', async () => {
  const locate = locateWithin(['169.254.10.0/24'], resolver(['64:ff9b::a9fe:a07']).find);
  expect(await locate(named('a'))).toMatchObject({ ips: ['64:ff9b::a9fe:a07'] });
});

test('a name without an address is a failure that names it', async () => {
  const find = (() => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))) as never;
  expect(await locateWithin([], find)(named('gone.example'))).toEqual({
    failed: 'gone.example has no address (ENOTFOUND)',
  });
});

test('not more than two look-ups at a time: each may hold a thread', async () => {
  let running = 0;
  let most = 0;
  const find = (async () => {
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return [{ address: '10.0.0.1', family: 4 }];
  }) as never;
  const locate = locateWithin([], find);
  const found = await Promise.all(Array.from({ length: 9 }, () => locate(named('a'))));
  expect(found.every((one) => 'ips' in one)).toBe(true);
  expect(most).toBe(2);
});

test('what a network is', () => {
  expect(parseNetwork('10.0.0.0/8')).toEqual([['10.0.0.0', 8]]);
  for (const text of ['10.0.0.0', '10.0.0.0/33', 'x/8', '/8', '10.0.0.0/']) expect(parseNetwork(text)).toBeUndefined();
});
