// The way of a new user: curl registers, dig finds. Every kind of answer as a person would look at it, over UDP and TCP,
// IPv4 and IPv6.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dig, digShort } from '../kit/dns/dig.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { output } from '../kit/process/program.ts';
import { startServer } from '../kit/process/server-process.ts';

const missing = requireInCi(['curl', 'dig'], 'curl bind9-dnsutils');
const server = await startServer({ dns: '127.0.0.1:0,[::1]:0' });
const api = new ApiClient(server.http);
const port = server.dnsPort;

afterAll(async () => {
  api.close();
  await server.stop();
});

function curl(...args: string[]): Promise<string> {
  return output('curl', ['-sS', '--fail-with-body', '--max-time', '5', ...args]);
}

const place = 'prod/orders/orders-1';
const registration = {
  addrs: ['http://10.0.0.7:8080', 'grpc://[2001:db8::7]:9090'],
  version: '1.4.2',
  zone: 'eu-1a',
  metadata: { team: 'checkout' },
};

describe.skipIf(missing.length > 0)(
  `curl registers, dig finds${missing.length > 0 ? ` (no ${missing.join()})` : ''}`,
  () => {
    beforeAll(async () => {
      const json = ['-H', 'content-type: application/json', '-d', JSON.stringify(registration)];
      const reply = await curl('-X', 'PUT', `${server.http}/api/v1/apps/${place}`, ...json);
      expect(JSON.parse(reply)).toMatchObject({ outcome: 'created', instance: 'orders-1', leaseSeconds: 90 });
      await api.register('prod/com.acme.pay/pay-1', ['dns+udp://10.0.0.9:53'], { tags: ['canary'], group: 'blue' });
      await api.register('prod/asleep/asleep-1', ['http://10.0.0.8:80'], { status: 'waiting' });
    });

    test.each([
      ['orders.prod.svc A', ['10.0.0.7']],
      ['orders.prod.svc AAAA', ['2001:db8::7']],
      ['ORDERS.pRoD.sVc A', ['10.0.0.7']],
      ['_http._tcp.orders.prod.svc SRV', ['0 10 8080 http.orders-1.orders.prod.svc.']],
      ['http.orders-1.orders.prod.svc A', ['10.0.0.7']],
      ['orders-1.orders.prod.svc TXT', ['"team=checkout"']],
      ['1.4.2._version.orders.prod.svc A', ['10.0.0.7']],
      ['eu-1a._zone.1.4.2._version.orders.prod.svc AAAA', ['2001:db8::7']],
      ['_grpc._tcp.eu-1a._zone.orders.prod.svc SRV', ['0 10 9090 grpc.orders-1.orders.prod.svc.']],
      ['http._port.orders.prod.svc A', ['10.0.0.7']],
      ['http._port.orders.prod.svc AAAA', []],
      ['_dns._udp.com.acme.pay.prod.svc SRV', ['0 10 53 pay-1.com.acme.pay.prod.svc.']],
      ['canary._tag.blue._group.com.acme.pay.prod.svc A', ['10.0.0.9']],
      ['svc NS', ['ns.svc.']],
      ['www.example A', ['192.0.2.10']],
      ['shop.example A', ['10.0.0.7', 'orders.prod.svc.']],
    ])('%s is %j over UDP and TCP', async (question, data) => {
      expect(await digShort(port, question)).toEqual(data);
      expect(await digShort(port, `+tcp ${question}`)).toEqual(data);
    });

    test('an SRV answer brings the addresses along, and the answers are authoritative with a TTL of seconds', async () => {
      const { status, flags, answer, additional } = await dig(port, 'orders.prod.svc SRV');
      expect({ status, flags }).toEqual({ status: 'NOERROR', flags: 'qr aa rd' });
      expect([...answer].sort()).toEqual([
        'orders.prod.svc. 5 IN SRV 0 10 8080 http.orders-1.orders.prod.svc.',
        'orders.prod.svc. 5 IN SRV 0 10 9090 grpc.orders-1.orders.prod.svc.',
      ]);
      expect([...additional].sort()).toEqual([
        'grpc.orders-1.orders.prod.svc. 5 IN AAAA 2001:db8::7',
        'http.orders-1.orders.prod.svc. 5 IN A 10.0.0.7',
      ]);
    });

    test.each([
      ['nobody.prod.svc A', 'NXDOMAIN'],
      ['orders.dev.svc A', 'NXDOMAIN'],
      ['orders-2.orders.prod.svc A', 'NXDOMAIN'],
      ['_sip._udp.orders.prod.svc SRV', 'NXDOMAIN'],
      ['x.orders-1.orders.prod.svc A', 'NXDOMAIN'],
      ['2.0._version.orders.prod.svc A', 'NXDOMAIN'],
      ['orders.prod.svc MX', 'NOERROR'],
      ['com.acme.pay.prod.svc AAAA', 'NOERROR'],
      ['asleep.prod.svc A', 'NOERROR'],
      ['prod.svc A', 'NOERROR'],
      ['acme.prod.svc A', 'NXDOMAIN'],
      ['x.pay.prod.svc A', 'NXDOMAIN'],
      ['acme.pay.prod.svc A', 'NOERROR'],
      ['pay.prod.svc A', 'NOERROR'],
      ['_tcp.orders.prod.svc SRV', 'NOERROR'],
      ['2._version.orders.prod.svc A', 'NOERROR'],
    ])('%s is an empty %s with the SOA for 5 s', async (question, expected) => {
      for (const transport of ['+notcp', '+tcp']) {
        const { status, flags, answer, authority } = await dig(port, `${transport} ${question}`);
        expect({ status, flags, answer }).toEqual({ status: expected, flags: 'qr aa rd', answer: [] });
        expect(authority).toEqual([
          expect.stringMatching(/^svc\. 5 IN SOA ns\.svc\. hostmaster\.svc\. \d+ 3600 600 86400 5$/),
        ]);
      }
    });

    test.each(['example.com A', '. NS', 'svc.example.org SOA'])('%s is refused', async (question) => {
      const { status, flags, answer, authority } = await dig(port, question);
      expect({ status, flags, answer, authority }).toEqual({
        status: 'REFUSED',
        flags: 'qr rd',
        answer: [],
        authority: [],
      });
    });

    test('every listener answers, IPv6 as well', async () => {
      const [, ipv6] = server.dnsListens;
      expect(ipv6?.host).toBe('::1');
      for (const transport of ['+notcp', '+tcp']) {
        const { status, answer } = await dig(ipv6?.port ?? 0, `${transport} orders.prod.svc A`, { server: '::1' });
        expect({ status, answer }).toEqual({ status: 'NOERROR', answer: ['orders.prod.svc. 5 IN A 10.0.0.7'] });
      }
    });

    test('the SOA serial follows what is visible and nothing else', async () => {
      const serial = async (): Promise<number> =>
        Number(/^\S+ \S+ (\d+)/.exec((await digShort(port, 'svc SOA'))[0] ?? '')?.[1]);
      const before = await serial();
      await curl('-X', 'PUT', `${server.http}/api/v1/apps/${place}/renew`);
      expect(await serial()).toBe(before);
      await api.patch(place, { weight: 20 });
      expect(await serial()).toBe(before + 1);
      expect(await digShort(port, '_http._tcp.orders.prod.svc SRV')).toEqual([
        '0 20 8080 http.orders-1.orders.prod.svc.',
      ]);
      await api.patch(place, { weight: 10 });
      expect(await serial()).toBe(before + 2);
    });

    test('the command of the reply renews as it stands', async () => {
      const reply = await api.register('prod/renewed/10.0.0.7:8080', ['http://10.0.0.7:8080']);
      const command = String(reply['renewWith']);
      expect(JSON.parse(await output('sh', ['-c', command]))).toMatchObject({ leaseSeconds: 90 });
      const names = reply['dnsNames'] as string[];
      expect(names.length).toBeGreaterThan(2);
      for (const name of names) {
        const found = await Promise.all(['A', 'SRV'].map((type) => digShort(port, `${name} ${type}`)));
        expect({ name, found: found.flat().length > 0 }).toEqual({ name, found: true });
      }
    });

    test('/resolve has what dig gets', async () => {
      for (const [name, type] of [
        ['orders.prod.svc', 'A'],
        ['orders.prod.svc', 'MX'],
        ['nobody.prod.svc', 'A'],
        ['svc', 'SOA'],
      ]) {
        const resolved = JSON.parse(await curl(`${server.http}/api/v1/resolve?name=${name}&type=${type}`)) as Record<
          string,
          unknown
        >;
        const { status, answer, authority } = await dig(port, `+tcp ${name} ${type}`);
        expect(resolved).toMatchObject({ rcode: status, answer, authority });
      }
    });

    test('a cancelled instance is gone at once, and with it all its names', async () => {
      await api.register('test/brief.app/one', ['http://10.9.0.1:80']);
      expect(await digShort(port, 'brief.app.test.svc A')).toEqual(['10.9.0.1']);
      const reply = JSON.parse(await curl('-X', 'DELETE', `${server.http}/api/v1/apps/test/brief.app/one`)) as {
        safeToStopAt: string;
      };
      const safeIn = Date.parse(reply.safeToStopAt) - Date.now();
      expect(safeIn).toBeGreaterThan(3000);
      expect(safeIn).toBeLessThanOrEqual(6500);
      for (const name of ['one.brief.app.test.svc', 'brief.app.test.svc', 'app.test.svc', 'test.svc']) {
        expect({ name, ...(await dig(port, `${name} A`)) }).toMatchObject({ name, status: 'NXDOMAIN', answer: [] });
      }
    });
  },
);
