// Behind the resolvers that operators run: Unbound with all its distrust switched on, dnsmasq, BIND. Each must pass on
// what rollcall answers for every kind of name, and none may cache as missing a name that is not.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digShort } from '../kit/dns/dig.ts';
import { answersOf, type DnsClient, tcpClient, udpClient } from '../kit/dns/dns-client.ts';
import type { TypeName } from '../kit/dns/packet.ts';
import type { Reply } from '../kit/dns/reply.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { type Forwarder, startCoredns, startDnsmasq, startNamed, startUnbound } from '../kit/process/forwarders.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

// The connection that compares is silent while the resolvers start.
const server = await startServer({ env: { ROLLCALL_TCP_IDLE_SECONDS: '120' } });
const api = new ApiClient(server.http);
let rollcall: DnsClient;

beforeAll(async () => {
  rollcall = await tcpClient(server.dnsPort);
  const orders = ['http://10.0.0.7:8080', 'grpc://[2001:db8::7]:9090'];
  const fields = { version: '1.4.2', zone: 'eu-1a', group: 'blue', tags: ['canary'], metadata: { team: 'checkout' } };
  await api.register('prod/orders/orders-1', orders, fields);
  await api.register('prod/orders/orders-2', ['http://10.0.0.8:8080', 'http://10.0.0.9:8081'], { version: '1.5' });
  await api.register('prod/com.acme.pay/pay-1', ['dns+udp://10.0.0.10:53']);
  await api.register('prod/asleep/asleep-1', ['http://10.0.0.11:80'], { status: 'waiting' });
  const many = Array.from({ length: 100 }, (_, index) => `crowd/many/many-${index}`);
  await Promise.all(many.map((place, index) => api.register(place, [`http://10.1.0.${index + 1}:80`])));
});

afterAll(async () => {
  rollcall.close();
  api.close();
  await server.stop();
});

/** Every kind of name of docs/names.md's table, and the ways to miss it. */
const questions: readonly (readonly [name: string, ...types: TypeName[]])[] = [
  ['svc', 'SOA', 'NS', 'A'],
  ['ns.svc', 'A', 'AAAA'],
  ['prod.svc', 'A', 'SOA', 'NS'],
  ['orders.prod.svc', 'A', 'AAAA', 'SRV', 'TXT', 'MX'],
  ['_tcp.orders.prod.svc', 'SRV', 'A'],
  ['_http._tcp.orders.prod.svc', 'SRV', 'A'],
  ['_grpc._tcp.orders.prod.svc', 'SRV'],
  ['_sip._udp.orders.prod.svc', 'SRV'],
  ['orders-1.orders.prod.svc', 'A', 'AAAA', 'SRV', 'TXT'],
  ['orders-3.orders.prod.svc', 'A'],
  ['http.orders-1.orders.prod.svc', 'A', 'AAAA'],
  ['grpc.orders-1.orders.prod.svc', 'A', 'AAAA'],
  ['8080-tcp.http.orders-2.orders.prod.svc', 'A'],
  ['8081-tcp.http.orders-2.orders.prod.svc', 'A'],
  ['1.4.2._version.orders.prod.svc', 'A', 'AAAA', 'SRV', 'TXT'],
  ['2._version.orders.prod.svc', 'A'],
  ['4.2._version.orders.prod.svc', 'A'],
  ['_version.orders.prod.svc', 'A'],
  ['9._version.orders.prod.svc', 'A'],
  ['eu-1a._zone.orders.prod.svc', 'A'],
  ['blue._group.orders.prod.svc', 'A'],
  ['canary._tag.orders.prod.svc', 'A'],
  ['http._port.orders.prod.svc', 'A', 'AAAA'],
  ['grpc._port.orders.prod.svc', 'A', 'AAAA'],
  ['canary._tag.eu-1a._zone.1.4.2._version.orders.prod.svc', 'A', 'SRV'],
  ['_http._tcp.canary._tag.orders.prod.svc', 'SRV'],
  ['pay.prod.svc', 'A'],
  ['acme.pay.prod.svc', 'A'],
  ['com.acme.pay.prod.svc', 'A', 'SRV'],
  ['_dns._udp.com.acme.pay.prod.svc', 'SRV'],
  ['_dns._tcp.com.acme.pay.prod.svc', 'SRV'],
  ['asleep.prod.svc', 'A', 'SRV'],
  ['_services._dns-sd._udp.prod.svc', 'PTR'],
  ['_http._tcp.prod.svc', 'PTR'],
  ['orders-1~orders._http._tcp.prod.svc', 'SRV', 'TXT'],
  ['_why.orders.prod.svc', 'TXT'],
  ['7.0.0.10.in-addr.arpa', 'PTR'],
  ['99.0.0.10.in-addr.arpa', 'PTR'],
  ['0.0.10.in-addr.arpa', 'PTR'],
  ['nobody.prod.svc', 'A'],
  ['a.b.c.nobody.prod.svc', 'A'],
  ['nothing.at.all.dev.svc', 'A'],
];

/** Rcode and data; the serial moves with what other tests write. */
function summary(reply: Reply): string {
  return [reply.rcode, ...answersOf(reply)].join(' | ').replace(/(SOA \S+ \S+) \d+/, '$1 SERIAL');
}

/** Not a package of Debian; a build as in docs/recipes.md takes some minutes. */
const coredns = process.env['COREDNS'] ?? '';
const resolvers = [
  { name: 'Unbound', binary: 'unbound', startIt: startUnbound },
  { name: 'dnsmasq', binary: 'dnsmasq', startIt: startDnsmasq },
  { name: 'BIND', binary: 'named', startIt: startNamed },
  { name: 'CoreDNS', binary: coredns, startIt: (port: number) => startCoredns(port, coredns) },
] as const;
/** A resolver counts a TTL in whole seconds. */
const roundingMs = 1500;
const noDig = requireInCi(['dig'], 'bind9-dnsutils');
const packaged = resolvers.map(({ binary }) => binary).filter((binary) => binary !== coredns);
const missing = [...requireInCi(packaged, 'unbound dnsmasq-base bind9'), ...(coredns === '' ? [coredns] : [])];

describe.concurrent.each(resolvers)('$name in front', ({ binary, startIt }) => {
  const isMissing = missing.includes(binary);
  let forwarder: Forwarder | undefined;
  let udp: DnsClient;
  let tcp: DnsClient;

  beforeAll(async () => {
    if (isMissing) return;
    forwarder = await startIt(server.dnsPort);
    [udp, tcp] = await Promise.all([udpClient(forwarder.port), tcpClient(forwarder.port)]);
  });

  afterAll(async () => {
    if (isMissing) return;
    udp.close();
    tcp.close();
    await forwarder?.stop();
  });

  test.skipIf(isMissing)(
    'passes every kind of name on, first all positive and negative ones, then again from its cache',
    async () => {
      const asked = questions.flatMap(([name, ...types]) => types.map((type) => ({ name, type })));
      for (const client of [udp, tcp]) {
        const differing: unknown[] = [];
        for (const { name, type } of asked) {
          const [ours, theirs] = await Promise.all([
            rollcall.ask(name, type),
            client.ask(name, type, { flags: 0x0100 }),
          ]);
          const [wanted, got] = [ours, theirs].map((reply) => summary(reply));
          if (wanted !== got) differing.push({ name, type, wanted, got });
          const ttls = theirs.answer.map(({ ttl }) => ttl);
          if (ttls.some((ttl) => ttl > 5) && !name.startsWith('ns') && name !== 'svc')
            differing.push({ name, type, ttls });
        }
        expect(differing).toEqual([]);
      }
    },
  );

  test.skipIf(isMissing || noDig.length > 0)('passes HTTPS and SVCB on', async () => {
    for (const question of ['orders.prod.svc HTTPS', 'orders.prod.svc SVCB', 'four.prod.svc HTTPS']) {
      const [ours, theirs] = await Promise.all(
        [server.dnsPort, forwarder?.port ?? 0].map((port) => digShort(port, question)),
      );
      expect({ question, data: theirs }).toEqual({ question, data: ours });
    }
  });

  test.skipIf(isMissing)('gives a hundred addresses over TCP', async () => {
    const { rcode, tc, answer } = await tcp.ask('many.crowd.svc', 'A', { flags: 0x0100 });
    expect({ rcode, tc, different: new Set(answer.map(({ data }) => data)).size }).toEqual({
      rcode: 'NOERROR',
      tc: false,
      different: 100,
    });
  });

  test.skipIf(isMissing)('learns of a new app, a change and a cancellation within a TTL of one second', async () => {
    const app = `quick-${binary.replace(/^.*\//, '')}`;
    const follow = async (env: string): Promise<void> => {
      const [place, name] = [`${env}/${app}/one`, `${app}.${env}.svc`];
      const ask = async (): Promise<string> => {
        const reply = await udp.ask(name, 'A', { flags: 0x0100 });
        return [reply.rcode, ...answersOf(reply)].join(' ');
      };
      /** When the last question was sent that got another answer. */
      const lastBefore = async (wanted: string): Promise<number> => {
        let lastMs = Date.now();
        await until(wanted, async () => {
          const sentMs = Date.now();
          if ((await ask()) === wanted) return true;
          lastMs = sentMs;
          return false;
        });
        return lastMs;
      };
      await api.register(place, ['http://10.7.0.1:80'], { dnsTtl: 1 });
      expect(await ask()).toBe('NOERROR A 10.7.0.1');
      await api.patch(place, { addrs: ['http://10.7.0.2:80'] });
      const patchedMs = Date.now();
      expect(await lastBefore('NOERROR A 10.7.0.2')).toBeLessThan(patchedMs + 1000 + roundingMs);
      const { safeToStopAt } = await api.cancel(place);
      expect(await lastBefore('NXDOMAIN')).toBeLessThan(Date.parse(String(safeToStopAt)) + roundingMs);
    };
    // One env that is known to the resolver, and one that is not.
    await Promise.all(['crowd', 'fresh'].map(follow));
  });
});
