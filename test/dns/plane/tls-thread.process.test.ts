// DNS over TLS beside the other DNS threads, and without any: changes are in its answers, too, a new certificate
// reaches it, and it is replaced like any other when it ends.

import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PlaneOptions } from '../../../src/dns/plane/plane.ts';
import { ResponseRates } from '../../../src/dns/server/response-rates.ts';
import { udpClient } from '../../kit/dns/dns-client.ts';
import { packet } from '../../kit/dns/packet.ts';
import { openWorld } from '../../kit/dns/plane-world.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { tlsClient } from '../../kit/dns/tls-client.ts';
import { Authority, type Certificate } from '../../kit/http/certificates.ts';
import { until } from '../../kit/process/until.ts';

let authority: Authority;
let first: Certificate;
let second: Certificate;

beforeAll(async () => {
  authority = await Authority.create();
  first = await authority.sign('first');
  second = await authority.sign('second');
});

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

const pairOf = ({ cert, key }: Certificate) => ({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });
const listens = [{ host: '127.0.0.1', port: 0 }];

async function open(threads: number, more: Partial<PlaneOptions> = {}) {
  const world = await openWorld(leftovers, threads, { tls: { listens, pair: pairOf(first) }, ...more });
  world.plane.ready();
  await world.plane.applied();
  const client = () => tlsClient(world.plane.tlsListens[0]?.port ?? 0, { ca: readFileSync(authority.ca) }, leftovers);
  return { ...world, client };
}

describe.each([0, 1])('%i threads', (threads) => {
  test('every write is in every answer once it is applied', async () => {
    const { harness, plane, client, started } = await open(threads);
    expect(plane.threads).toBe(threads);
    expect(started.length).toBe(threads === 0 ? 0 : threads + 1);
    const { ask } = await client();
    for (let i = 1; i <= 20; i++) {
      harness.register('orders.prod/a', { addrs: [`http://10.0.0.${i}:80`] });
      await plane.applied();
      expect((await ask()).answer.map(({ data }) => data)).toEqual([`10.0.0.${i}`]);
    }
    expect(plane.counters.tlsHandshakes).toBe(1);
    expect([...plane.counters.queries()]).toContainEqual({ transport: 'tls', type: 'A', rcode: 'NOERROR', count: 20 });
  });

  test('a new certificate is shown from then on', async () => {
    const { plane, client } = await open(threads);
    expect((await client()).socket.getPeerCertificate().subject.CN).toBe('first');
    plane.renewCertificate(pairOf(second));
    await plane.applied();
    expect((await client()).socket.getPeerCertificate().subject.CN).toBe('second');
  });

  test('its port is taken: nothing stays open', async () => {
    const { plane } = await open(threads);
    const tls = { listens: plane.tlsListens, pair: pairOf(first) };
    expect(await openWorld(leftovers, threads, { tls })).toMatchObject({ error: { code: 'EADDRINUSE' } });
  });

  test('requests of other fronts are answered, padded for those that hide', async () => {
    const { harness, plane } = await open(threads);
    harness.register('orders.prod/a');
    const request = packet({ edns: { options: [{ code: 12 }] } });
    const reply = await plane.answer(request, { transport: 'https', address: '192.0.2.1' });
    expect(readReply(reply as Uint8Array)).toMatchObject({ rcode: 'NOERROR', octets: 468 });
    expect([...plane.counters.queries()].map(({ transport }) => transport)).toEqual(['https']);
  });
});

test('a thread for TLS that ends is started again at the same port, with the certificate of now; datagrams go on', async () => {
  const { harness, plane, client, started, ends } = await open(1);
  harness.register('orders.prod/a');
  plane.renewCertificate(pairOf(second));
  await plane.applied();
  const before = plane.tlsListens;
  const udp = await udpClient(plane.listens[0]?.port ?? 0);
  leftovers.push(() => udp.close());
  started.at(-1)?.terminate();
  await until('it has ended', () => ends.length === 1);
  expect(await udp.ask('orders.prod.svc')).toMatchObject({ rcode: 'NOERROR', answer: { length: 1 } });
  const again = await until('it listens again', () => client().catch(() => undefined));
  expect(again?.socket.getPeerCertificate().subject.CN).toBe('second');
  expect(await again?.ask()).toMatchObject({ rcode: 'NOERROR', answer: { length: 1 } });
  expect(plane.tlsListens).toEqual(before);
});

test('the rates of networks are one number for all threads', async () => {
  const rates = { perSecond: 10, slip: 0, windowSeconds: 10, seed: 5, ipv4Prefix: 24, ipv6Prefix: 56, exempt: [] };
  const { harness, plane } = await open(2, { responseRates: { ...rates, memory: ResponseRates.sharedMemory() } });
  harness.register('orders.prod/a');
  await plane.applied();
  let sent = 0;
  const port = plane.listens[0]?.port ?? 0;
  const clients = await Promise.all(Array.from({ length: 24 }, () => udpClient(port)));
  for (const client of clients) {
    client.ask('orders.prod.svc').then(
      () => void sent++,
      () => {},
    );
  }
  await until('all are judged', () => sent + plane.counters.rateDropped === clients.length);
  for (const client of clients) client.close();
  // The clock stands still, so none was gained. Two threads may lose a count where they meet.
  expect(sent).toBeGreaterThanOrEqual(10);
  expect(sent).toBeLessThan(13);
});
