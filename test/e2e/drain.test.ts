// Deploys through real resolvers: an instance that is stopped at `safeToStopAt` loses no request of
// clients that look its app up in Unbound or dnsmasq; stopped at once, it does.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answersOf, type DnsClient, udpClient } from '../kit/dns/dns-client.ts';
import { fetched, startLoad } from '../kit/history/name-load.ts';
import { ApiClient, type Json } from '../kit/http/api-client.ts';
import { type Backend, type Backends, startBackends } from '../kit/http/http-backends.ts';
import { type Forwarder, startDnsmasq, startUnbound } from '../kit/process/forwarders.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const resolvers = [
  { name: 'Unbound', binary: 'unbound', startIt: startUnbound, hosts: ['127.0.8.1', '127.0.8.2', '127.0.8.3'] },
  { name: 'dnsmasq', binary: 'dnsmasq', startIt: startDnsmasq, hosts: ['127.0.9.1', '127.0.9.2', '127.0.9.3'] },
] as const;
const missing = requireInCi(
  resolvers.map(({ binary }) => binary),
  'unbound dnsmasq-base',
);
/** In each of the two, so ten in all. */
const restarts = 5;

let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  // Four crash within a minute here: of so few instances the budget lets three go, and the fourth would wait its turn.
  server = await startServer({ env: { ROLLCALL_EVICTION_PERCENT_PER_MINUTE: '100' } });
  api = new ApiClient(server.http);
});

afterAll(async () => {
  api.close();
  await server.stop();
});

describe.concurrent.each(resolvers)('behind $name', ({ binary, startIt, hosts }) => {
  const isMissing = missing.includes(binary);
  let forwarder: Forwarder | undefined;
  let resolver: DnsClient;
  let backends: Backends;

  beforeAll(async () => {
    if (isMissing) return;
    backends = await startBackends(hosts);
    forwarder = await startIt(server.dnsPort);
    resolver = await udpClient(forwarder.port);
  });

  afterAll(async () => {
    if (isMissing) return;
    resolver.close();
    await forwarder?.stop();
    await backends.close();
  });

  const lookedUp = async (name: string): Promise<string[]> => {
    const { rcode, ...reply } = await resolver.ask(name, 'A', { flags: 0x0100 });
    return [rcode, ...answersOf({ rcode, ...reply })];
  };

  test.skipIf(isMissing)(
    'rolling restarts at safeToStopAt lose no connection',
    async () => {
      const app = `rolling-${binary}`;
      const place = (index: number) => `prod/${app}/${app}-${index}`;
      for (const [index, { addr }] of backends.all.entries())
        await api.register(place(index), [addr], { dnsTtl: 1, weight: 1 });
      const load = startLoad(resolver, `${app}.prod.svc`, backends.all[0]?.port ?? 0);
      const replies: Json[] = [];
      for (let round = 0; round < restarts; round++) {
        const index = round % hosts.length;
        const backend = backends.all[index] as Backend;
        const { status, json } = await api.call('POST', `/api/v1/apps/${place(index)}/drain?wait=30s`);
        replies.push({ status, safe: json['safe'], outcome: json['outcome'] });
        await backend.stop();
        await backend.restart();
        await api.patch(place(index), { status: 'up' });
      }
      const { done, failed, late } = await load.stop();
      expect(replies).toEqual(
        Array.from({ length: restarts }, () => ({ status: 200, safe: true, outcome: 'drained' })),
      );
      expect({ failed, late: late.length <= done / 10 ? [] : late }).toEqual({ failed: [], late: [] });
      expect(done).toBeGreaterThan(100);
    },
    120_000,
  );

  test.skipIf(isMissing)('one that is stopped without waiting is still handed out, and refuses', async () => {
    const app = `hasty-${binary}`;
    const [host] = ['127.0.10.1'];
    const other = await startBackends([host]);
    const [backend] = other.all as [Backend];
    const name = `${app}.prod.svc`;
    await api.register(`prod/${app}/one`, [backend.addr], { dnsTtl: 60 });
    expect(await lookedUp(name)).toEqual(['NOERROR', `A ${host}`]);
    const { safe, safeToStopAt, lastServedAt } = await api.cancel(`prod/${app}/one`);
    const waitMs = Date.parse(String(safeToStopAt)) - Date.parse(String(lastServedAt));
    // Both are rounded to whole milliseconds.
    expect({ safe, waitMs: Math.floor(waitMs / 100) }).toEqual({ safe: false, waitMs: 615 });
    await backend.stop();
    // rollcall itself no longer answers with it.
    const direct = await udpClient(server.dnsPort);
    expect((await direct.ask(name)).rcode).toBe('NXDOMAIN');
    direct.close();
    expect(await lookedUp(name)).toEqual(['NOERROR', `A ${host}`]);
    await expect(fetched(host, backend.port)).rejects.toThrow('ECONNREFUSED');
    await other.close();
  });

  test.skipIf(isMissing).each([[[]], [['stays-1', 'stays-2']]])(
    'one that dies in silence is gone from the answers long before its own TTL, beside %j',
    async (others) => {
      const app = `silent-${binary}-${others.length}`;
      for (const [index, other] of others.entries())
        await api.register(`prod/${app}/${other}`, [`http://10.8.1.${index}:80`], { dnsTtl: 600 });
      await api.register(`prod/${app}/one`, ['http://10.8.0.1:80'], { leaseSeconds: 5, dnsTtl: 600 });
      const isFound = async () => {
        const addresses = await lookedUp(`${app}.prod.svc`);
        expect(addresses.length).toBeGreaterThan(others.length);
        return addresses.includes('A 10.8.0.1');
      };
      expect(await isFound()).toBe(true);
      // A resolver that took the ten minutes of its own TTL would have it until long after this.
      await until('it is gone', async () => !(await isFound()), { withinMs: 60_000 });
      // From no cache of the resolver does it come back.
      for (let lookUp = 0; lookUp < 20; lookUp++) expect(await isFound()).toBe(false);
    },
    120_000,
  );
});
