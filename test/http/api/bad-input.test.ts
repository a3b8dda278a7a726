// Everything that must not be registered, one scenario each: the status, a problem document that names the field and
// the value, and a registry that has not moved.

import { describe, expect, test } from 'vitest';
import { createWorld, type Json, problemOf } from '../../kit/http/http-world.ts';

const label63 = 'l'.repeat(63);
const longAppid = [label63, label63, label63, 'l'.repeat(55)].join('.');

describe('names in the path', () => {
  test.each<[what: string, path: string, field: string]>([
    ['an env of two labels', 'prod.eu/orders/a1', 'env'],
    ['an underscore', '_tcp/orders/a1', 'env'],
    ['a label over 63 bytes', `prod/${label63}l/a1`, 'appid'],
    ['an appid over 255 bytes', `prod/${`${label63}.`.repeat(5)}x/a1`, 'appid'],
    ['a DNS name over 255 bytes in all', `prod/${longAppid}/a1`, 'appid'],
    ['an empty label', 'prod/com..pay/a1', 'appid'],
    ['a leading dot', 'prod/.pay/a1', 'appid'],
    ['a final dot', 'prod/pay./a1', 'appid'],
    ['a leading hyphen', 'prod/-pay/a1', 'appid'],
    ['a final hyphen', 'prod/pay-/a1', 'appid'],
    ['a wildcard', 'prod/*/a1', 'appid'],
    ['a space', 'prod/my%20app/a1', 'appid'],
    ['a NUL', 'prod/pay%00/a1', 'appid'],
    ['a slash inside', 'prod/a%2Fb/a1', 'appid'],
    ['an international name', 'prod/b%C3%BCcher/a1', 'appid'],
    ['a Cyrillic look-alike', 'prod/p%D0%B0y/a1', 'appid'],
    ['__proto__ as app', 'prod/__proto__/a1', 'appid'],
    ['__proto__ as env', '__proto__/orders/a1', 'env'],
    ['a line break in the id', 'prod/orders/a%0D%0Ab', 'instance'],
    ['an escape sequence in the id', 'prod/orders/%1B%5B2J', 'instance'],
    ['a line separator in the id', 'prod/orders/a%E2%80%A8b', 'instance'],
    ['an id over 253 bytes', `prod/orders/${'x'.repeat(254)}`, 'instance'],
    ['an id over 253 bytes in UTF-8', `prod/orders/${'%E2%82%AC'.repeat(85)}`, 'instance'],
    ['an id of 10 KB', `prod/orders/${'x'.repeat(10_000)}`, 'instance'],
  ])('%s', async (_what, path, field) => {
    const { register, registry } = createWorld();
    const reply = await register(path);
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toMatchObject([{ field }]);
    expect(reply.body.length).toBeLessThan(1500);
    expect(registry.revision).toBe(100);
  });

  test.each(['prod/orders/%zz', 'prod/orders/%', 'prod/orders/%e2%82', 'prod/orders/%ED%A0%80', '%c3/orders/a1'])(
    'a broken escape: %s',
    async (path) => {
      const { register, registry } = createWorld();
      const reply = await register(path);
      expect(reply.statusCode).toBe(400);
      expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:bad-request');
      expect(registry.revision).toBe(100);
    },
  );
});

describe('addresses', () => {
  const port = (number: string) => [`http://10.0.0.7:${number}`];
  test.each<[what: string, addrs: unknown, field: string]>([
    ['none at all', undefined, 'addrs'],
    ['null', null, 'addrs'],
    ['an empty list', [], 'addrs'],
    ['33 of them', Array.from({ length: 33 }, (_, i) => `http://10.0.0.${i}:80`), 'addrs'],
    ['text in place of a list', 'http://10.0.0.7:80', 'addrs'],
    ['a number', [80], 'addrs[0]'],
    ['one listed twice', ['http://10.0.0.7:80', 'HTTP://10.0.0.7:80'], 'addrs[1]'],
    ['port 0', port('0'), 'addrs[0]'],
    ['port 70000', port('70000'), 'addrs[0]'],
    ['port 2^53+1', port('9007199254740993'), 'addrs[0]'],
    ['port -1', port('-1'), 'addrs[0]'],
    ['port 080', port('080'), 'addrs[0]'],
    ['no port', ['http://10.0.0.7'], 'addrs[0]'],
    ['an empty port', port(''), 'addrs[0]'],
    ['no scheme', ['10.0.0.7:80'], 'addrs[0]'],
    ['a port name with a space', ['my port://10.0.0.7:80'], 'addrs[0]'],
    ['an unknown protocol', ['http+sctp://10.0.0.7:80'], 'addrs[0]'],
    ['a path', ['http://10.0.0.7:80/x'], 'addrs[0]'],
    ['a user', ['http://root@10.0.0.7:80'], 'addrs[0]'],
    ['three octets', ['http://1.2.3:80'], 'addrs[0]'],
    ['a hexadecimal address', ['http://0x7f.1:80'], 'addrs[0]'],
    ['an octal address', ['http://017700000001:80'], 'addrs[0]'],
    ['an octet of 256', ['http://10.0.0.256:80'], 'addrs[0]'],
    ['a zone identifier on IPv4', ['http://10.0.0.1%eth0:80'], 'addrs[0]'],
    ['a zone identifier on IPv6', ['http://[fe80::1%eth0]:80'], 'addrs[0]'],
    ['IPv6 without brackets', ['http://2001:db8::7:80'], 'addrs[0]'],
    ['IPv4 in IPv6', ['http://[::ffff:127.0.0.1]:80'], 'addrs[0]'],
    ['0.0.0.0', ['http://0.0.0.0:80'], 'addrs[0]'],
    ['multicast', ['http://239.0.0.1:80'], 'addrs[0]'],
    ['broadcast', ['http://255.255.255.255:80'], 'addrs[0]'],
    ['link-local', ['http://169.254.169.254:80'], 'addrs[0]'],
    ['an illegal host name', ['http://under_score.example:80'], 'addrs[0]'],
    ['50 000 characters', [`${'a'.repeat(50_000)}!`], 'addrs[0]'],
  ])('%s', async (_what, addrs, field) => {
    const { register, registry } = createWorld();
    const reply = await register('prod/orders/a1', { addrs });
    expect(reply.statusCode).toBe(400);
    const pointer = `#/${field.replace('[', '/').replace(']', '')}`;
    expect(problemOf(reply).errors).toMatchObject([{ field, pointer }]);
    expect(registry.revision).toBe(100);
  });
});

describe('other fields', () => {
  const keys = (count: number, value: unknown = 'v') =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
  test.each<[what: string, fields: Json, field: string]>([
    ['an unknown field', { wieght: 10 }, 'wieght'],
    ['a field of the prototype', { constructor: { prototype: {} } }, 'constructor'],
    ['env in the body', { env: 'prod' }, 'env'],
    ['a version over 63 bytes', { version: 'v'.repeat(64) }, 'version'],
    ['a version with a line break', { version: '1\n2' }, 'version'],
    ['a number as zone', { zone: 1 }, 'zone'],
    ['null as group', { group: null }, 'group'],
    ['33 tags', { tags: Array.from({ length: 33 }, (_, i) => `t${i}`) }, 'tags'],
    ['an empty tag', { tags: ['a', ''] }, 'tags[1]'],
    ['a weight of -1', { weight: -1 }, 'weight'],
    ['a weight of 65536', { weight: 65_536 }, 'weight'],
    ['a weight of 1.5', { weight: 1.5 }, 'weight'],
    ['a weight in words', { weight: '10' }, 'weight'],
    ['a priority of 2^53', { priority: 2 ** 53 }, 'priority'],
    ['an unknown status', { status: 'down' }, 'status'],
    ['status 3', { status: 3 }, 'status'],
    ['metadata as a list', { metadata: [] }, 'metadata'],
    ['nested metadata', { metadata: { a: { b: 'c' } } }, 'metadata.a'],
    ['a number in metadata', { metadata: { a: 1 } }, 'metadata.a'],
    ['a truth in metadata', { metadata: { a: true } }, 'metadata.a'],
    ['null in metadata', { metadata: { a: null } }, 'metadata.a'],
    ['65 keys', { metadata: keys(65) }, 'metadata'],
    ['over 8 KiB of metadata', { metadata: keys(60, 'v'.repeat(200)) }, 'metadata'],
    ['a key with "="', { metadata: { 'a=b': 'c' } }, 'metadata.a=b'],
    ['an empty key', { metadata: { '': 'c' } }, 'metadata.'],
    ['a lease of 4 s', { leaseSeconds: 4 }, 'leaseSeconds'],
    ['a lease over a day', { leaseSeconds: 86_401 }, 'leaseSeconds'],
    ['a TTL over an hour', { dnsTtl: 3601 }, 'dnsTtl'],
    ['a negative TTL', { dnsTtl: -1 }, 'dnsTtl'],
  ])('%s', async (_what, fields, field) => {
    const { app, registry } = createWorld();
    const payload = JSON.stringify({ addrs: ['http://10.0.0.7:8080'], ...fields });
    const headers = { 'content-type': 'application/json' };
    const reply = await app.inject({ method: 'PUT', url: '/api/v1/apps/prod/orders/a1', headers, payload });
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toMatchObject([{ field }]);
    expect(registry.revision).toBe(100);
  });

  test('all at once: path and body, each with its place and its value', async () => {
    const { call, registry } = createWorld();
    const body = {
      addrs: ['http://10.0.0.7:0', 'x'],
      weight: 'many',
      metadata: { 'a.b': 1 },
      colour: 'red',
      dirtyAt: 'now',
    };
    const reply = await call('PUT', '/apps/prod_/orders/%09', body);
    expect(reply.statusCode).toBe(400);
    const problem = problemOf(reply);
    expect(problem['type']).toBe('urn:rollcall:problem:invalid-request');
    expect(problem.errors.map(({ field, pointer, value }) => [field, pointer, value])).toEqual([
      ['env', undefined, 'prod_'],
      ['instance', undefined, '\\u0009'],
      ['colour', '#/colour', undefined],
      ['addrs[0]', '#/addrs/0', '0'],
      ['addrs[1]', '#/addrs/1', 'x'],
      ['weight', '#/weight', 'many'],
      ['metadata.a.b', '#/metadata/a.b', '1'],
      ['dirtyAt', '#/dirtyAt', 'now'],
    ]);
    expect(registry.revision).toBe(100);
  });

  test('ten thousand unknown fields give a reply of bounded size', async () => {
    const { register } = createWorld();
    const reply = await register(
      'prod/orders/a1',
      Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, 1])),
    );
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:invalid-request');
    expect(problemOf(reply).errors).toHaveLength(100);
  });
});
