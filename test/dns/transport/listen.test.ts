// Where the DNS side listens: wildcards become addresses, UDP and TCP share a port, all sockets open or none.

import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spreadWildcard } from '../../../src/dns/transport/listen.ts';
import { type DnsServer, listenDns } from '../../../src/dns/transport/server.ts';
import type { Listen } from '../../../src/model/listen.ts';
import { answersOf, tcpClient, udpClient } from '../../kit/dns/dns-client.ts';
import { Harness } from '../../kit/registry/harness.ts';

const tcp = { idleMs: 1000, connectionsMax: 10, connectionsPerClientMax: 10 };

describe('a wildcard', () => {
  const own = Object.values(networkInterfaces()).flatMap((bound) => bound?.map(({ address }) => address) ?? []);

  test('of IPv4 is every IPv4 address of the host', () => {
    const hosts = spreadWildcard({ host: '0.0.0.0', port: 53 }).map(({ host }) => host);
    expect(hosts).toContain('127.0.0.1');
    expect(hosts.every((host) => isIPv4(host) && own.includes(host))).toBe(true);
    expect(new Set(hosts).size).toBe(hosts.length);
  });

  test('of IPv6 is every address of both families but link-local ones', () => {
    const listens = spreadWildcard({ host: '::', port: 53 });
    expect(listens.map(({ host }) => host)).toContain('127.0.0.1');
    expect(listens.every(({ host, port }) => port === 53 && !host.startsWith('fe80'))).toBe(true);
  });

  test('is nothing else', () => {
    for (const host of ['127.0.0.1', '::1', '192.0.2.1']) {
      expect(spreadWildcard({ host, port: 53 })).toEqual([{ host, port: 53 }]);
    }
  });
});

async function opened(harness: Harness, wanted: readonly Listen[]): Promise<DnsServer> {
  const server = await listenDns(wanted, { handler: harness.handler, counters: harness.counters, tcp });
  if ('failed' in server) throw server.error;
  onTestFinished(() => server.close());
  return server;
}

test('one port serves UDP and TCP, with one answer', async () => {
  const harness = new Harness();
  for (let i = 1; i <= 60; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
  const { listens } = await opened(harness, [
    { host: '127.0.0.1', port: 0 },
    { host: '::1', port: 0 },
  ]);
  expect(listens).toHaveLength(2);
  for (const { host, port } of listens) {
    const clients = [await udpClient(port, host), await tcpClient(port, host)] as const;
    onTestFinished(() => {
      for (const client of clients) client.close();
    });
    const [udp, stream] = [await clients[0].ask('orders.prod.svc.'), await clients[1].ask('orders.prod.svc.')];
    expect(answersOf(udp)).toEqual(answersOf(stream));
    expect(await clients[0].ask('orders.prod.svc.', 'A', { edns: false })).toMatchObject({ tc: true });
  }
});

test('where one address is taken, none stays open', async () => {
  const harness = new Harness();
  const [taken] = (await opened(harness, [{ host: '::1', port: 0 }])).listens;
  const free = { host: '127.0.0.1', port: taken?.port ?? 0 };
  const deps = { handler: harness.handler, counters: harness.counters, tcp };
  const failure = await listenDns([free, { host: '::1', port: free.port }], deps);
  expect(failure).toMatchObject({ failed: { host: '::1' }, error: { code: 'EADDRINUSE' } });
  await opened(harness, [free]);
});
