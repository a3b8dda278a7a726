// Zone files beside a running server: a changed file is served soon, a broken one is reported and the last good version
// stays, and neither disturbs the registrations.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answersOf, type DnsClient, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const svc = `$TTL 60
@ IN SOA ns hostmaster 1 3600 600 86400 5
@ IN NS ns
ns IN A 127.0.0.1
`;
const own = (serial: number, records: string): string => `$TTL 60
@ IN SOA ns.svc. hostmaster.svc. ${serial} 3600 600 86400 5
@ IN NS ns.svc.
${records}
`;

const server = await startServer({
  zones: 'zones',
  files: { 'zones/svc.zone': svc, 'zones/own.test.zone': own(1, 'www IN A 192.0.2.1') },
});
const api = new ApiClient(server.http);
let dns: DnsClient;

beforeAll(async () => {
  dns = await udpClient(server.dnsPort);
  await api.register('prod/orders/orders-1', ['http://10.0.0.7:80'], { leaseSeconds: 600 });
});

afterAll(async () => {
  dns.close();
  api.close();
  // Broken files are logged as errors here: the end is not asked to be without any.
  await server.kill();
});

function put(file: string, text: string): void {
  writeFileSync(join(server.directory, 'zones', file), text);
}

async function answer(name: string): Promise<string> {
  const reply = await dns.ask(name);
  return [reply.rcode, ...answersOf(reply)].join(' ');
}

const logged = (text: string): Promise<unknown> =>
  until(`a log line with ${text}`, () => server.output().includes(text));

test('a changed file is served, and registrations beside it go on', async () => {
  expect(await answer('www.own.test')).toBe('NOERROR A 192.0.2.1');
  put('own.test.zone', own(2, 'www IN A 192.0.2.2\nnew IN A 192.0.2.3'));
  await until('the new address', async () => (await answer('www.own.test')) === 'NOERROR A 192.0.2.2');
  expect(await answer('new.own.test')).toBe('NOERROR A 192.0.2.3');
  put('svc.zone', `${svc}mail IN A 192.0.2.25\n`);
  await until('a name beside the registrations', async () => (await answer('mail.svc')) === 'NOERROR A 192.0.2.25');
  expect(await answer('orders.prod.svc')).toBe('NOERROR A 10.0.0.7');
});

test('a broken file is reported with its line, and the last good version stays', async () => {
  put('own.test.zone', own(3, 'www IN A 192.0.2.256'));
  await logged('own.test.zone:4:');
  expect(await answer('www.own.test')).toBe('NOERROR A 192.0.2.2');
  put('svc.zone', 'nothing of use');
  await logged('svc.zone:1:');
  expect(await answer('mail.svc')).toBe('NOERROR A 192.0.2.25');
  expect(await answer('orders.prod.svc')).toBe('NOERROR A 10.0.0.7');
  put('own.test.zone', own(4, 'www IN A 192.0.2.4'));
  await until('the mended file', async () => (await answer('www.own.test')) === 'NOERROR A 192.0.2.4');
});

test('a new file is a new zone; one that is taken away is reported, and its zone is kept', async () => {
  expect(await answer('www.another.test')).toBe('REFUSED');
  put('another.test.zone', own(1, 'www IN A 192.0.2.9'));
  await until('the new zone', async () => (await answer('www.another.test')) === 'NOERROR A 192.0.2.9');
  rmSync(join(server.directory, 'zones', 'another.test.zone'));
  await logged('a zone file is gone');
  expect(await answer('www.another.test')).toBe('NOERROR A 192.0.2.9');
});

test('a new file that is broken is SERVFAIL for its zone, and takes nothing from a zone that is served', async () => {
  put('fresh.test.zone', 'nothing of use');
  await until('SERVFAIL', async () => (await answer('www.fresh.test')) === 'SERVFAIL');
  put('prod.svc.zone', 'nothing of use');
  await logged('prod.svc.zone:1:');
  expect(await answer('orders.prod.svc')).toBe('NOERROR A 10.0.0.7');
  put('fresh.test.zone', own(1, 'www IN A 192.0.2.11'));
  await until('the mended file', async () => (await answer('www.fresh.test')) === 'NOERROR A 192.0.2.11');
  put('other.test.zone', 'nothing of use');
  await until('SERVFAIL', async () => (await answer('www.other.test')) === 'SERVFAIL');
  rmSync(join(server.directory, 'zones', 'other.test.zone'));
  await until('the file is gone', async () => (await answer('www.other.test')) === 'REFUSED');
});

test('the reply to a registration has what a file hides of it, and so has a positive answer', async () => {
  put('svc.zone', `${svc}cart.prod IN A 192.0.2.77\n`);
  await until('the file', async () => (await answer('cart.prod.svc')) === 'NOERROR A 192.0.2.77');
  const place = '/api/v1/apps/prod/cart/c1';
  const reply = await api.call('PUT', place, { body: { addrs: ['http://10.0.0.8:80'] } });
  expect(reply.status).toBe(201);
  expect(reply.json).toMatchObject({
    dnsNames: ['_http._tcp.cart.prod.svc.', 'c1.cart.prod.svc.'],
    hidden: [{ name: 'cart.prod.svc.', types: ['A'], by: 'records', zone: 'svc.' }],
  });
  const resolved = await api.call('GET', '/api/v1/resolve?name=cart.prod.svc&type=A');
  expect(resolved.json['reason']).toContain('hidden');
  put('svc.zone', `${svc}cart.prod IN CNAME ns\n`);
  await until('the alias', async () => (await answer('cart.prod.svc')).includes('CNAME'));
  const again = await api.call('PUT', place, { body: { addrs: ['http://ns.svc:80'] } });
  expect(again.status).toBe(200);
});
