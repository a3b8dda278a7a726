// Real clients of Consul against rollcall: each registers, finds what came in over our own API, is found by DNS under our
// names and under Consul's, and leaves.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  goClient,
  goProgram,
  mavenClient,
  npmClient,
  pythonClient,
  reported,
  startClient,
} from '../kit/adapters/foreign-clients.ts';
import { digShort } from '../kit/dns/dig.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const secret = 'a-secret-of-sixteen-and-more';
const authorization = `Bearer ${secret}`;

let server: ServerProcess;

beforeAll(async () => {
  const env = { ROLLCALL_ADAPTERS: 'consul', ROLLCALL_CONSUL_DOMAIN: 'consul', ROLLCALL_TOKENS: `ci=${secret}` };
  server = await startServer({ env });
});

afterAll(async () => {
  await server?.stop();
});

async function api(method: string, path: string, body?: object): Promise<Response> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  return fetch(`${server.http}/api/v1/apps/prod/${path}`, { method, headers, ...sent });
}

async function another(app: string): Promise<void> {
  const reply = await api('PUT', `${app}/other`, { addrs: ['http://127.0.99.9:9000'] });
  expect(reply.status).toBe(201);
}

async function addressesOf(app: string): Promise<readonly (readonly string[])[]> {
  return [
    await digShort(server.dnsPort, `${app}.prod.svc A`),
    await digShort(server.dnsPort, `${app}.service.consul A`),
  ];
}

test('npm consul', async (context) => {
  const fetched = await npmClient('consul-npm.cjs', ['consul@2.0.1']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const client = startClient(fetched, ['127.0.0.1', String(server.httpPort), secret]);
  expect(await reported(client, 'registered')).toMatchObject({ critical: 0, tags: ['v1'] });
  await reported(client, 'seen npm-1');
  expect(await addressesOf('npm-web')).toEqual([['127.0.30.1'], ['127.0.30.1']]);
  expect(await digShort(server.dnsPort, '_npm-web._v1.service.consul SRV')).toEqual([
    '0 1 8080 7f001e01.addr.prod.consul.',
  ]);
  await another('npm-web');
  await reported(client, 'seen npm-1,other');
  const { code } = await client.stop('SIGTERM');
  expect(code).toBe(0);
  expect((await api('GET', 'npm-web/npm-1')).status).toBe(404);
});

test.for(['py-consul==1.8.0', 'python-consul2==0.1.5'])('Python %s', async (spec, context) => {
  const fetched = await pythonClient('py-consul.py', [spec]);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const client = startClient(fetched, ['127.0.0.1', String(server.httpPort), secret]);
  expect(await reported(client, 'registered')).toMatchObject({ before: [], after: ['py-1'] });
  expect(await addressesOf('py-web')).toEqual([['127.0.80.1'], ['127.0.80.1']]);
  await another('py-web');
  expect(await reported(client, 'seen')).toMatchObject({ ids: ['other', 'py-1'] });
  expect(await reported(client, 'warned')).toMatchObject({ ids: ['other'] });
  await client.stop('SIGTERM');
  await until('its leaving', async () => (await api('GET', 'py-web/py-1')).status === 404);
  await api('DELETE', 'py-web/other');
});

test('Go consul/api', async (context) => {
  const fetched = await goClient('consul-api.go', ['github.com/hashicorp/consul/api v1.34.5']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const client = startClient(fetched, [server.http, secret]);
  expect(await reported(client, 'registered')).toMatchObject({ datacenter: 'prod' });
  expect(await addressesOf('go-web')).toEqual([['127.0.10.1'], ['127.0.10.1']]);
  await another('go-web');
  expect(await reported(client, 'seen')).toMatchObject({
    ids: ['go-1', 'other'],
    filtered: ['go-1'],
    tagged: ['go-1'],
  });
  expect(await reported(client, 'out')).toMatchObject({ status: 'critical' });
  expect(await reported(client, 'catalog')).toMatchObject({ nodes: 2 });
  expect((await digShort(server.dnsPort, 'go-web.service.consul A')).toSorted()).toEqual([
    '127.0.10.1',
    '127.0.10.50',
    '127.0.99.9',
  ]);
  const { code } = await client.stop('SIGTERM');
  expect(code).toBe(0);
  expect((await api('GET', 'go-web/go-1')).status).toBe(404);
});

test('consul-template writes a file anew with every change', async (context) => {
  const fetched = await goProgram('github.com/hashicorp/consul-template', 'v0.36.0');
  if ('missing' in fetched) return context.skip(fetched.missing);
  const template = '{{range service "ct-web"}}{{.Address}}:{{.Port}} {{end}}{{range services}}{{.Name}} {{end}}';
  const folder = scratch({ 'in.tpl': template });
  await another('ct-web');
  const args = ['-consul-addr', server.http, '-consul-token', secret, '-template', `${folder}/in.tpl:${folder}/out`];
  const client = startClient(fetched, args);
  const written = (text: string): Promise<unknown> =>
    until(text, () => {
      try {
        return readFileSync(`${folder}/out`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
  await written('127.0.99.9:9000 ');
  const body = {
    ID: 'ct-1',
    Name: 'ct-web',
    Address: '127.0.93.1',
    Port: 8080,
    Check: { TTL: '30s', Status: 'passing' },
  };
  const put = (path: string, sent: object) =>
    fetch(`${server.http}/v1${path}`, { method: 'PUT', headers: { authorization }, body: JSON.stringify(sent) });
  await put('/agent/service/register', body);
  await written('127.0.93.1:8080 127.0.99.9:9000 ');
  await put('/agent/check/update/service:ct-1', { Status: 'critical' });
  await until('its leaving', () => !readFileSync(`${folder}/out`, 'utf8').includes('127.0.93.1'));
  await client.stop('SIGTERM');
});

test('Spring Cloud Consul', { timeout: 1_000_000 }, async (context) => {
  const fetched = await mavenClient('spring', 'spring-cloud-starter-consul-discovery');
  if ('missing' in fetched) return context.skip(fetched.missing);
  const settings = {
    'server.port': '0',
    'spring.application.name': 'spring-web',
    'spring.cloud.consul.host': '127.0.0.1',
    'spring.cloud.consul.port': String(server.httpPort),
    'spring.cloud.consul.token': secret,
    'spring.cloud.consul.discovery.acl-token': secret,
    'spring.cloud.consul.discovery.instance-id': 'spring-1',
    'spring.cloud.consul.discovery.hostname': '127.0.70.1',
    'spring.cloud.consul.discovery.heartbeat.enabled': 'true',
    'spring.cloud.consul.discovery.heartbeat.ttl': '10s',
    'spring.cloud.consul.discovery.metadata.version': '1.4.2',
  };
  const client = startClient(
    fetched,
    Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  );
  await reported(client, 'registered', { withinMs: 300_000 });
  await until('it being up', async () => (await digShort(server.dnsPort, 'spring-web.service.consul A')).length === 1);
  expect(await digShort(server.dnsPort, '1.4.2._version.spring-web.prod.svc A')).toEqual(['127.0.70.1']);
  await another('spring-web');
  expect(await reported(client, 'seen')).toMatchObject({ ids: ['other', 'spring-1'] });
  await reported(client, 'chosen');
  await client.stop('SIGTERM');
  await until('its leaving', async () => (await api('GET', 'spring-web/spring-1')).status === 404);
});

test('Spring Cloud Consul with an HTTP check that has headers', { timeout: 1_000_000 }, async (context) => {
  const fetched = await mavenClient('spring', 'spring-cloud-starter-consul-discovery');
  if ('missing' in fetched) return context.skip(fetched.missing);
  const settings = {
    'server.port': String(await freePort()),
    'spring.application.name': 'spring-checked',
    'spring.cloud.consul.host': '127.0.0.1',
    'spring.cloud.consul.port': String(server.httpPort),
    'spring.cloud.consul.token': secret,
    'spring.cloud.consul.discovery.acl-token': secret,
    'spring.cloud.consul.discovery.instance-id': 'spring-2',
    'spring.cloud.consul.discovery.hostname': '127.0.0.1',
    'spring.cloud.consul.discovery.health-check-path': '/error?status=200',
    'spring.cloud.consul.discovery.health-check-interval': '1s',
    'spring.cloud.consul.discovery.health-check-headers.X-Config-Token': 'a',
  };
  const client = startClient(
    fetched,
    Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  );
  await reported(client, 'registered', { withinMs: 300_000 });
  const found = await api('GET', 'spring-checked/spring-2');
  expect(await found.json()).toMatchObject({ checks: [{ type: 'http', headers: { 'X-Config-Token': 'a' } }] });
  await client.stop('SIGTERM');
  await until('its leaving', async () => (await api('GET', 'spring-checked/spring-2')).status === 404);
});
