// The client while the registry is away: it calls whom it knew, or whom DNS knows, goes on trying, and is right again when
// the registry is back, whether that has kept its memory or not.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Discovery } from '../../src/client/client.ts';
import { apiOf, ask, clientOf, patience, serverFor, threeBackends } from '../kit/client/client-world.ts';
import { freePort, removeScratch, scratch } from '../kit/process/scratch.ts';
import { until } from '../kit/process/until.ts';

function instancesOf(discovery: Discovery): string[] {
  return discovery.endpoints.map(({ instance }) => instance).sort();
}

describe('a registry that dies', () => {
  test('leaves the last good state, and what has changed meanwhile is known when it is back', async () => {
    const directory = scratch();
    onTestFinished(() => removeScratch(directory));
    const first = await serverFor({ directory, data: 'data' });
    const backends = await threeBackends(22);
    for (const [index, { addr }] of backends.entries())
      await apiOf(first).register(`prod/orders/orders-${index}`, [addr]);
    const client = clientOf(first);
    const discovery = client.discover('prod/orders');
    await discovery.ready(patience);
    await first.kill();
    await until('the loss', () => discovery.source === 'last-known', patience);
    for (let i = 0; i < 10; i++) await ask(client);
    expect(instancesOf(discovery)).toEqual(['orders-0', 'orders-1', 'orders-2']);

    const second = await serverFor({ directory, data: 'data', http: `127.0.0.1:${first.httpPort}` });
    await apiOf(second).cancel('prod/orders/orders-1');
    await until('its return', () => discovery.source === 'registry', patience);
    expect(instancesOf(discovery)).toEqual(['orders-0', 'orders-2']);
    await client.close();
    await second.stop();
  });

  test('and has kept nothing is sent all instances again, and none is dropped meanwhile', async () => {
    const first = await serverFor();
    const backends = await threeBackends(23);
    const client = clientOf(first);
    const members = backends.map(({ addr }, index) =>
      client.register({ env: 'prod', appid: 'orders', instance: `orders-${index}`, addrs: [addr], leaseSeconds: 6 }),
    );
    await Promise.all(members.map((member) => member.registered(patience)));
    const forgotten = members.map(
      (member) => new Promise((resolve) => void member.once('forgotten', () => resolve(true))),
    );
    const discovery = client.discover('prod/orders');
    await discovery.ready(patience);
    const sizes = new Set<number>();
    discovery.on('change', (endpoints) => sizes.add(endpoints.length));
    await first.kill();
    const second = await serverFor({ http: `127.0.0.1:${first.httpPort}` });
    await Promise.all(forgotten);
    await Promise.all(members.map((member) => member.registered(patience)));
    await until('its return', () => discovery.source === 'registry', patience);
    const { json } = await apiOf(second).call('GET', '/api/v1/apps/prod/orders');
    expect((json['instances'] as unknown[]).length).toBe(3);
    expect(discovery.endpoints).toHaveLength(3);
    expect(sizes).not.toContain(0);
    await client.close();
    await second.stop();
  });

  test('is not there at the start: a program registers when it comes, and another address is asked meanwhile', async () => {
    const port = await freePort();
    const client = clientOf(undefined, { registry: `http://127.0.0.1:${port}` });
    const troubles: string[] = [];
    const member = client.register({ env: 'prod', appid: 'late', addrs: ['http://127.0.0.1:8080'] });
    member.on('trouble', (reason) => troubles.push(reason));
    await until('a try that failed', () => troubles.length > 0, patience);
    expect(troubles[0]).toContain(`cannot reach rollcall at http://127.0.0.1:${port}`);
    const server = await serverFor({ http: `127.0.0.1:${port}` });
    await member.registered(patience);

    const other = clientOf(undefined, { registry: [`http://127.0.0.1:${await freePort()}`, server.http] });
    expect((await other.pick('prod/late')).instance).toBe('127.0.0.1:8080');
    await other.close();
    await client.close();
    expect((await apiOf(server).call('GET', '/api/v1/apps/prod/late/127.0.0.1:8080')).status).toBe(404);
    await server.stop();
  });

  test('is stood in for by DNS, where a port is named', async () => {
    const [server, api] = await serverFor().then((one) => [one, apiOf(one)] as const);
    await api.register('prod/orders/v4', ['http://127.0.0.9:8080', 'grpc://127.0.0.9:9090'], { weight: 7 });
    await api.register('prod/orders/v6', ['http://[2001:db8::7]:8080']);
    const dns = { servers: `127.0.0.1:${server.dnsPort}` };
    const client = clientOf(undefined, { registry: `http://127.0.0.1:${await freePort()}`, dns });
    const discovery = client.discover('prod/orders', { port: 'http' });
    await discovery.ready(patience);
    expect(discovery.source).toBe('dns');
    expect(discovery.endpoints.map(({ url, weight }) => [url, weight]).sort()).toEqual([
      ['http://127.0.0.9:8080', 7],
      ['http://[2001:db8::7]:8080', 10],
    ]);
    await expect(client.discover('prod/orders').ready({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'timeout' });
    await client.close();
    await server.stop();
  });
});
