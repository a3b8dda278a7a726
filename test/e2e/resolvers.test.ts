// Other people's resolvers and decoders, asked the same things: Node's own (c-ares), dns2's clients over UDP and TCP,
// kdig with one connection for many questions, and delv, which checks more than it shows.

import { promises } from 'node:dns';
import dns2 from 'dns2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { output } from '../kit/process/program.ts';
import { startServer } from '../kit/process/server-process.ts';

const server = await startServer();
const api = new ApiClient(server.http);
const port = server.dnsPort;

beforeAll(async () => {
  const addrs = ['http://10.0.0.7:8080', 'grpc://[2001:db8::7]:9090'];
  await api.register('prod/orders/orders-1', addrs, { metadata: { team: 'checkout', note: 'a "quoted" \\ text' } });
  await api.register('prod/orders/orders-2', ['http://10.0.0.8:8080'], { weight: 0, priority: 1 });
  await api.register('prod/named/named-1', ['http://host.example.net:8080']);
  await api.register('prod/long/long-1', ['http://10.0.0.9:80'], { metadata: { text: 'x'.repeat(600) } });
  const many = Array.from({ length: 150 }, (_, index) => `prod/many/many-${index}`);
  await Promise.all(many.map((place, index) => api.register(place, [`http://10.1.0.${index + 1}:80`])));
});

afterAll(async () => {
  api.close();
  await server.stop();
});

describe("Node's resolver", () => {
  const resolver = new promises.Resolver({ timeout: 3000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const code = (asked: Promise<unknown>): Promise<unknown> =>
    asked.then(
      () => 'found',
      (error: NodeJS.ErrnoException) => error.code,
    );

  test('finds addresses, with their TTL', async () => {
    expect((await resolver.resolve4('orders.prod.svc')).sort()).toEqual(['10.0.0.7', '10.0.0.8']);
    expect(await resolver.resolve6('orders.prod.svc', { ttl: true })).toEqual([{ address: '2001:db8::7', ttl: 5 }]);
  });

  test('finds services: the target is never compressed, which c-ares refuses', async () => {
    const found = await resolver.resolveSrv('_http._tcp.orders.prod.svc');
    expect(found.sort((a, b) => a.priority - b.priority)).toMatchObject([
      { priority: 0, weight: 10, port: 8080, name: 'http.orders-1.orders.prod.svc' },
      { priority: 1, weight: 0, port: 8080, name: 'orders-2.orders.prod.svc' },
    ]);
    const [named] = await resolver.resolveSrv('named.prod.svc');
    expect(named).toMatchObject({ port: 8080, name: 'host.example.net' });
  });

  test('finds texts whole; a pair over 255 octets is left out (RFC 6763 §6.1)', async () => {
    const [own] = await resolver.resolveTxt('orders-1.orders.prod.svc');
    expect([...(own ?? [])].sort()).toEqual(['note=a "quoted" \\ text', 'team=checkout']);
    const ofApp = await resolver.resolveTxt('orders.prod.svc');
    expect(ofApp.map(([first = '']) => first).sort()).toEqual(['instance=orders-1', 'instance=orders-2']);
    const [long = []] = await resolver.resolveTxt('long-1.long.prod.svc');
    expect(long).toEqual(['']);
  });

  test('finds the SOA, the name servers and the one RRset of ANY', async () => {
    expect(await resolver.resolveSoa('svc')).toMatchObject({
      nsname: 'ns.svc',
      hostmaster: 'hostmaster.svc',
      minttl: 5,
    });
    expect(await resolver.resolveNs('svc')).toEqual(['ns.svc']);
    expect(await resolver.resolveAny('orders-2.orders.prod.svc')).toMatchObject([{ type: 'A', address: '10.0.0.8' }]);
    expect(await resolver.resolveMx('example')).toEqual([{ type: 'MX', exchange: 'mail.example', priority: 10 }]);
    expect(await resolver.resolveCname('docs.example')).toEqual(['www.example']);
    expect(await resolver.resolve4('docs.example')).toEqual(['192.0.2.10']);
  });

  test('distinguishes no such name from no such type', async () => {
    expect(await code(resolver.resolve4('nobody.prod.svc'))).toBe('ENOTFOUND');
    expect(await code(resolver.resolve6('many.prod.svc'))).toBe('ENODATA');
    expect(await code(resolver.resolve4('prod.svc'))).toBe('ENODATA');
    expect(await code(resolver.resolve4('example.com'))).toBe('EREFUSED');
  });

  test('gets the rest over TCP when UDP was too short: 100 of 150, never one twice', async () => {
    const found = await resolver.resolve4('many.prod.svc');
    expect(found).toHaveLength(100);
    expect(new Set(found).size).toBe(100);
  });
});

describe("dns2's clients", () => {
  const clients = [
    ['UDP', dns2.UDPClient({ dns: '127.0.0.1', port, timeout: 3000 })],
    ['TCP', dns2.TCPClient({ dns: '127.0.0.1', port })],
  ] as const;

  test.each(clients)('%s: addresses, services, texts', async (_name, ask) => {
    const addresses = await ask('orders.prod.svc', 'A');
    expect(addresses.header).toMatchObject({ aa: 1, rcode: 0, ra: 0 });
    expect(addresses.answers.map(({ address = '' }) => address).sort()).toEqual(['10.0.0.7', '10.0.0.8']);
    const services = await ask('_grpc._tcp.orders.prod.svc', 'SRV');
    expect(services.answers).toMatchObject([
      {
        name: '_grpc._tcp.orders.prod.svc',
        ttl: 5,
        priority: 0,
        weight: 10,
        port: 9090,
        target: 'grpc.orders-1.orders.prod.svc',
      },
    ]);
    expect(services.additionals).toMatchObject([{ name: 'grpc.orders-1.orders.prod.svc' }]);
    const texts = await ask('orders-1.orders.prod.svc', 'TXT');
    expect([texts.answers[0]?.data].flat()).toContain('team=checkout');
  });

  test.each(clients)('%s: an RRset over the limit comes whole', async (_name, ask) => {
    const { answers, header } = await ask('many.prod.svc', 'A');
    expect(header.tc).toBe(0);
    expect(new Set(answers.map(({ address }) => address)).size).toBe(100);
  });

  test.each(clients)('%s: negative answers', async (_name, ask) => {
    const absent = await ask('nobody.prod.svc', 'A');
    expect(absent.header).toMatchObject({ rcode: 3, aa: 1 });
    expect(absent.authorities).toMatchObject([{ name: 'svc', ttl: 5, primary: 'ns.svc' }]);
    const nothing = await ask('orders.prod.svc', 'MX');
    expect({ rcode: nothing.header.rcode, answers: nothing.answers }).toEqual({ rcode: 0, answers: [] });
  });
});

const noKdig = requireInCi(['kdig'], 'knot-dnsutils');

describe.skipIf(noKdig.length > 0)(`kdig${noKdig.length > 0 ? ' (not installed)' : ''}`, () => {
  const at = ['@127.0.0.1', '-p', String(port), '+retry=0', '+timeout=5'];

  test('asks forty questions over one connection', async () => {
    const questions = Array.from({ length: 10 }, () => [
      'orders.prod.svc',
      'A',
      'orders.prod.svc',
      'SRV',
      'nobody.prod.svc',
      'A',
      'svc',
      'SOA',
    ]);
    const text = await output('kdig', [...at, '+tcp', '+keepopen', ...questions.flat()]);
    const statuses = Array.from(text.matchAll(/status: (\w+)/g), ([, status]) => status);
    expect(statuses).toEqual(Array.from({ length: 40 }, (_, index) => (index % 4 === 2 ? 'NXDOMAIN' : 'NOERROR')));
    expect(text).not.toMatch(/;; (WARNING|ERROR)/);
  });

  test('gets the flags, versions and sizes it asks for', async () => {
    const badVersion = await output('kdig', [...at, '+edns=1', 'orders.prod.svc', 'A']);
    expect(badVersion).toMatch(/Version: 0;.*ext-rcode: BADVERS/i);
    const big = await output('kdig', [...at, '+bufsize=4096', '+ignore', 'many.prod.svc', 'A']);
    expect(big).toMatch(/Flags: qr aa tc/);
    expect(Number(/Received (\d+) B/.exec(big)?.[1])).toBeLessThanOrEqual(1232);
    const chaos = await output('kdig', [...at, '-c', 'CH', 'version.bind', 'TXT']);
    expect(chaos).toMatch(/status: REFUSED/);
  });
});

const noDelv = requireInCi(['delv'], 'bind9-dnsutils');

test.skipIf(noDelv.length > 0)(
  `delv takes the answers as they are${noDelv.length > 0 ? ' (not installed)' : ''}`,
  async () => {
    const ask = (...question: string[]) => output('delv', ['@127.0.0.1', '-p', String(port), '-i', ...question]);
    expect((await ask('orders.prod.svc', 'A')).match(/IN\tA\t10\.0\.0\.[78]/g)).toHaveLength(2);
    expect(await ask('_http._tcp.orders.prod.svc', 'SRV')).toMatch(/0 10 8080 http\.orders-1\.orders\.prod\.svc\./);
    expect(await ask('orders.prod.svc', 'MX')).toMatch(/\\-MX\t;-\$NXRRSET/);
  },
);
