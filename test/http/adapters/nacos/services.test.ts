// Nacos's services, and what clients ask about the server.

import { describe, expect, test } from 'vitest';
import { createNacosWorld as world } from '../../../kit/adapters/nacos-world.ts';
import type { Json } from '../../../kit/http/http-world.ts';

test('services are created, shown, listed and deleted', async () => {
  const { send, post, given } = world();
  const service = { serviceName: 'new', protectThreshold: '0.5' };
  expect((await send('POST', '/v1/ns/service', service)).body).toBe('ok');
  expect((await send('POST', '/v1/ns/service', service)).statusCode).toBe(400);
  expect((await send('GET', '/v1/ns/service', service)).json()).toMatchObject({ name: 'new', protectThreshold: 0.5 });
  const names = await send('GET', '/v1/ns/service/list', { pageNo: 1, pageSize: 1 });
  expect(names.json()).toEqual({ count: 1, doms: ['new'] });
  expect((await send('DELETE', '/v1/ns/service', service)).body).toBe('ok');
  expect((await send('GET', '/v1/ns/service', service)).statusCode).toBe(404);
  await post();
  expect((await send('DELETE', '/v1/ns/service', given)).statusCode).toBe(400);
  expect((await send('GET', '/v1/ns/service', given)).body).toBe(
    '{"namespaceId":"public","groupName":"DEFAULT_GROUP","name":"web","protectThreshold":0.0,"metadata":{},' +
      '"selector":{"type":"none","contextType":"NONE"},' +
      '"clusters":[{"name":"DEFAULT","healthChecker":{"type":"TCP"},"metadata":{}}]}',
  );
});

describe('protectThreshold', () => {
  const at = (ip: number) => ({ ip: `10.0.0.${ip}`, port: 8080 });
  const listed = ({ hosts, reachProtectionThreshold }: Json & { hosts: Json[] }) => ({
    hosts: hosts.map(({ ip, healthy }) => `${String(ip)} ${String(healthy)}`).sort(),
    reachProtectionThreshold,
  });
  /** Of four instances the last `silent` have not beaten for 16 s. */
  const partly = async (silent: number) => {
    const found = world();
    for (let ip = 1; ip <= 4; ip++) await found.post(at(ip));
    found.pass(14_000);
    for (let ip = 1; ip <= 4 - silent; ip++) await found.beat(at(ip));
    found.pass(2000);
    return found;
  };
  const all = (isHealthy: boolean) => [1, 2, 3, 4].map((ip) => `10.0.0.${ip} ${isHealthy || ip <= 2}`);

  test('of a created service: where no larger share is healthy, all are given as healthy, for those who want such alone too', async () => {
    const { send, list } = await partly(2);
    expect(listed(await list())).toEqual({ hosts: all(false), reachProtectionThreshold: false });
    await send('PUT', '/v1/ns/service', { serviceName: 'web', protectThreshold: '0.5' });
    expect(listed(await list())).toEqual({ hosts: all(true), reachProtectionThreshold: true });
    expect(listed(await list({ healthyOnly: 'true' }))).toEqual({ hosts: all(true), reachProtectionThreshold: true });
    await send('PUT', '/v1/ns/service', { serviceName: 'web', protectThreshold: '0.49' });
    expect(listed(await list())).toEqual({ hosts: all(false), reachProtectionThreshold: false });
    expect(listed(await list({ healthyOnly: 'true' }))).toEqual({
      hosts: ['10.0.0.1 true', '10.0.0.2 true'],
      reachProtectionThreshold: false,
    });
  });

  test('at 0 it acts where none is healthy, and only of a service that was created', async () => {
    const { send, post, list, pass } = world();
    // Three at once would be the guard's.
    await post(at(1));
    await post(at(2));
    pass(16_000);
    const hosts = (isHealthy: boolean) => [`10.0.0.1 ${isHealthy}`, `10.0.0.2 ${isHealthy}`];
    expect(listed(await list())).toEqual({ hosts: hosts(false), reachProtectionThreshold: false });
    await send('PUT', '/v1/ns/service', { serviceName: 'web' });
    expect(listed(await list())).toEqual({ hosts: hosts(true), reachProtectionThreshold: true });
  });

  test('counts the clusters that are asked for, without who is disabled; DNS goes by health', async () => {
    const { send, post, beat, list, pass, stored } = world();
    await send('POST', '/v1/ns/service', { serviceName: 'web', protectThreshold: '0.4' });
    await post({ ...at(1), clusterName: 'c1' });
    await post({ ...at(2), clusterName: 'c1' });
    await post({ ...at(3), clusterName: 'c2' });
    await post({ ...at(4), clusterName: 'c1', enabled: 'false' });
    pass(14_000);
    for (const ip of [1, 2, 4]) await beat({ ...at(ip), clusterName: 'c1' });
    pass(2000);
    expect(listed(await list({ clusters: 'c1' }))).toMatchObject({ reachProtectionThreshold: false });
    expect(listed(await list({ clusters: 'c2' }))).toEqual({
      hosts: ['10.0.0.3 true'],
      reachProtectionThreshold: true,
    });
    expect(stored('10.0.0.3#8080#c2#DEFAULT_GROUP@@web')?.status).toBe('waiting');
  });
});

test('a list of services needs a page and its size', async () => {
  const { send } = world();
  const reply = await send('GET', '/v1/ns/service/list');
  expect([reply.statusCode, reply.body]).toEqual([400, "Param 'pageNo' is required."]);
  const second = await send('GET', '/v2/ns/service/list', { pageNo: 1 });
  expect(second.json()).toMatchObject({ code: 10_000 });
});

test.each<[method: string, path: string, status: number, body: unknown]>([
  ['GET', '/v1/ns/operator/metrics', 200, { status: 'UP' }],
  ['GET', '/v1/console/namespaces', 200, { code: 200, data: [{ namespaceShowName: 'public' }] }],
  ['GET', '/v2/console/namespace/list', 200, { code: 0, data: [{ namespaceShowName: 'public' }] }],
  ['GET', '/v1/ns/operator/servers', 200, { servers: [{ alive: true }] }],
  ['GET', '/v1/console/server/state', 200, { function_mode: 'naming' }],
  ['POST', '/v1/cs/configs', 404, { status: 404, error: 'Not Found' }],
  ['GET', '/v2/cs/config', 404, { code: 20_004 }],
  ['GET', '/v1/nothing', 404, { status: 404, message: 'No message available', path: '/nacos/v1/nothing' }],
])('%s %s', async (method, path, status, body) => {
  const { send } = world();
  const reply = await send(method, path);
  expect([reply.statusCode, reply.json()]).toEqual([status, expect.objectContaining({})]);
  expect(reply.json()).toMatchObject(body as Json);
});

test('a configuration is not there, as of a server that has none', async () => {
  const { send } = world();
  const reply = await send('GET', '/v1/cs/configs', { dataId: 'a', group: 'g' });
  expect([reply.statusCode, reply.body]).toEqual([404, expect.stringMatching(/^config data not exist/)]);
});
