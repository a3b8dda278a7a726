// Leases in real time: five seconds are the shortest. An instance answers until its lease ends and not longer, no cache
// may hold it beyond that, and a renewal keeps it. How late the end may be: test/app/lease-timer.test.ts. The tests of
// this file run at the same time.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DnsClient, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const leaseMs = 5000;

// Five hundred at once are what the guard would keep: see pause.test.ts and docs/guard.md for that.
const server = await startServer({
  env: { ROLLCALL_GUARD_PERCENT: '0', ROLLCALL_EVICTION_PERCENT_PER_MINUTE: '100' },
});
const api = new ApiClient(server.http);
let dns: DnsClient;

beforeAll(async () => {
  dns = await udpClient(server.dnsPort);
});

afterAll(async () => {
  dns.close();
  api.close();
  await server.stop();
});

interface Seen {
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly rcode: string;
  readonly ttl: number | undefined;
}

async function look(name: string): Promise<Seen> {
  const sentMs = performance.now();
  const { rcode, answer } = await dns.ask(name);
  return { sentMs, receivedMs: performance.now(), rcode, ttl: answer[0]?.ttl };
}

/** Between these two the server took the call, by our clock. */
async function timed(call: Promise<unknown>): Promise<{ readonly earliestMs: number; readonly latestMs: number }> {
  const earliestMs = performance.now();
  await call;
  return { earliestMs, latestMs: performance.now() };
}

describe.concurrent('a lease of 5 s', () => {
  test('ends on time, with TTLs that never outlast it', async () => {
    const place = 'prod/brief/one';
    const started = await timed(api.register(place, ['http://10.0.0.1:80'], { leaseSeconds: 5, dnsTtl: 60 }));
    const serialBefore = (await dns.ask('svc', 'SOA')).answer[0]?.data;
    const seen: Seen[] = [];
    await until('the end of the lease', async () => {
      const one = await look('brief.prod.svc');
      seen.push(one);
      return one.rcode !== 'NOERROR';
    });
    const last = seen.pop() as Seen;
    expect(last.rcode).toBe('NXDOMAIN');
    expect(last.receivedMs).toBeGreaterThanOrEqual(started.earliestMs + leaseMs);
    // An answer was made no earlier than its question was sent, when at most this much was left.
    for (const { sentMs, ttl } of seen) {
      const leftMs = Math.max(0, started.latestMs + leaseMs - sentMs);
      expect((ttl ?? Number.NaN) * 1000).toBeLessThanOrEqual(leftMs);
    }
    const ttls = seen.map(({ ttl }) => ttl ?? Number.NaN).filter((ttl, index, all) => ttl !== all[index - 1]);
    expect(ttls).toEqual(ttls.toSorted((a, b) => b - a));
    expect(ttls.length).toBeGreaterThanOrEqual(3);
    expect(ttls.at(-1)).toBe(0);
    expect((await dns.ask('svc', 'SOA')).answer[0]?.data).not.toBe(serialBefore);
    expect((await api.call('GET', `/api/v1/apps/${place}`)).status).toBe(404);
    expect((await api.call('PUT', `/api/v1/apps/${place}/renew`)).status).toBe(404);
  });

  test('is kept by renewals, which give the TTL back and do not count as changes', async () => {
    const place = 'prod/kept/one';
    const { revision } = await api.register(place, ['http://10.0.0.2:80'], { leaseSeconds: 5, dnsTtl: 3 });
    const startedMs = performance.now();
    for (const afterMs of [2500, 5000]) {
      await until('time to renew', () => performance.now() - startedMs >= afterMs, { everyMs: 50 });
      await api.renew(place);
      expect(await look('kept.prod.svc')).toMatchObject({ rcode: 'NOERROR', ttl: expect.toSatisfy((ttl) => ttl <= 3) });
    }
    await until('more than one lease', () => performance.now() - startedMs >= leaseMs + 1500, { everyMs: 50 });
    expect(await look('kept.prod.svc')).toMatchObject({ rcode: 'NOERROR', ttl: expect.toSatisfy((ttl) => ttl >= 1) });
    expect((await api.call('GET', `/api/v1/apps/${place}`)).json).toMatchObject({ revision });
    await api.cancel(place);
  });

  test('ends for one of two: the other one stays, and a long poll is answered', async () => {
    await api.register('prod/pair/stays', ['http://10.0.0.3:80'], { leaseSeconds: 60 });
    const started = await timed(api.register('prod/pair/leaves', ['http://10.0.0.4:80'], { leaseSeconds: 5 }));
    const { index } = (await api.call('GET', '/api/v1/apps/prod/pair')).json;
    const woken = await api.call('GET', `/api/v1/apps/prod/pair?index=${String(index)}&wait=20s`);
    const wokenMs = performance.now();
    expect(wokenMs).toBeGreaterThanOrEqual(started.earliestMs + leaseMs);
    expect(woken.json).toMatchObject({ instances: [{ instance: 'stays' }] });
    const { answer } = await dns.ask('pair.prod.svc');
    expect(answer).toMatchObject([{ data: '10.0.0.3', ttl: 5 }]);
    // Lines are written in the background.
    await until('the line in the log', () =>
      server
        .logs()
        .some((line) => line['decision'] === 'evicted' && line['appid'] === 'pair' && line['instance'] === 'leaves'),
    );
  });

  test('ends for five hundred at once, and none is left', async () => {
    const places = Array.from({ length: 500 }, (_, index) => `mass/app-${index % 50}/${index}`);
    const fields = { leaseSeconds: 5 };
    const registering = places.map((place, index) =>
      api.register(place, [`http://10.5.${index >> 8}.${index & 255}:80`], fields),
    );
    await Promise.all(registering);
    expect((await dns.ask('mass.svc')).rcode).toBe('NOERROR');
    await until('the end of all leases', async () => (await dns.ask('mass.svc')).rcode === 'NXDOMAIN');
    const { text } = await api.call('GET', '/metrics');
    expect(Number(/^rollcall_evictions_total (\d+)/m.exec(text)?.[1])).toBeGreaterThanOrEqual(500);
  });
});
