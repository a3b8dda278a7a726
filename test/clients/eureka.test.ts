// Real clients of Eureka against rollcall: each registers, finds what came in over our own API, is found by DNS, and
// leaves.

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  goClient,
  mavenClient,
  npmClient,
  pythonClient,
  reported,
  startClient,
} from '../kit/adapters/foreign-clients.ts';
import { digShort } from '../kit/dns/dig.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { start } from '../kit/process/program.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const secret = 'a-secret-of-sixteen-and-more';
const authorization = `Bearer ${secret}`;

let server: ServerProcess;
let guarded: ServerProcess;

beforeAll(async () => {
  const env = { ROLLCALL_ADAPTERS: 'eureka' };
  server = await startServer({ env });
  guarded = await startServer({ env: { ...env, ROLLCALL_TOKENS: `ci=${secret}` } });
});

afterAll(async () => {
  await server?.stop();
  await guarded?.stop();
});

async function api(to: ServerProcess, method: string, path: string, body?: object): Promise<Response> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  return fetch(`${to.http}/api/v1/apps/prod/${path}`, { method, headers, ...sent });
}

async function another(to: ServerProcess, app: string): Promise<void> {
  const reply = await api(to, 'PUT', `${app}/other`, { addrs: ['http://127.0.99.9:9000'] });
  expect(reply.status).toBe(201);
}

test('npm eureka-js-client', async (context) => {
  const fetched = await npmClient('eureka-npm.cjs', ['eureka-js-client@4.5.0']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const client = startClient(fetched, ['127.0.0.1', String(server.httpPort)]);
  await reported(client, 'registered');
  expect(await digShort(server.dnsPort, 'npm-web.prod.svc A')).toEqual(['127.0.40.1']);
  await another(server, 'npm-web');
  expect(await reported(client, 'seen')).toMatchObject({ ids: ['npm-1', 'other'] });
  const { code } = await client.stop('SIGTERM');
  expect(code).toBe(0);
  expect((await api(server, 'GET', 'npm-web/npm-1')).status).toBe(404);
});

test('Python py-eureka-client, with the secret as its password', async (context) => {
  const fetched = await pythonClient('eureka.py', ['py-eureka-client==0.13.3']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const client = startClient(fetched, [`${guarded.http}/eureka/`, secret]);
  await reported(client, 'registered');
  await until('it being found', async () => (await api(guarded, 'GET', 'py-web/py-1')).status === 200);
  expect(await digShort(guarded.dnsPort, 'py-web.prod.svc A')).toEqual(['127.0.81.1']);
  await another(guarded, 'py-web');
  expect(await reported(client, 'seen')).toMatchObject({ ids: ['other', 'py-1'] });
  await client.stop('SIGTERM');
  await until('its leaving', async () => (await api(guarded, 'GET', 'py-web/py-1')).status === 404);
});

test('Go fargo, in XML and in JSON', async (context) => {
  const fetched = await goClient('fargo.go', ['github.com/hudl/fargo v1.4.0']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  for (const format of ['XML', 'JSON']) {
    const app = `fargo-${format.toLowerCase()}`;
    const client = startClient(fetched, [`${server.http}/eureka`, format]);
    expect(await reported(client, 'registered')).toMatchObject({ version: '1.4.2', lease: 30 });
    await another(server, app);
    expect(await reported(client, 'seen')).toMatchObject({ ids: ['fargo-1', 'other'] });
    expect(await reported(client, 'out')).toMatchObject({ status: 'OUT_OF_SERVICE' });
    expect(await digShort(server.dnsPort, `${app}.prod.svc A`)).toEqual(['127.0.99.9']);
    const { code } = await client.stop('SIGTERM');
    expect(code).toBe(0);
    expect((await api(server, 'GET', `${app}/fargo-1`)).status).toBe(404);
  }
});

test('Spring Cloud Eureka, with its load balancer', { timeout: 1_000_000 }, async (context) => {
  const fetched = await mavenClient('spring', 'spring-cloud-starter-netflix-eureka-client');
  if ('missing' in fetched) return context.skip(fetched.missing);
  const settings = {
    'server.port': '8070',
    'spring.application.name': 'spring-web',
    'spring.main.web-application-type': 'none',
    'eureka.client.serviceUrl.defaultZone': `http://any:${secret}@127.0.0.1:${guarded.httpPort}/eureka/`,
    'eureka.client.registry-fetch-interval-seconds': '1',
    'eureka.instance.lease-renewal-interval-in-seconds': '1',
    'eureka.instance.instance-id': 'spring-1',
    'eureka.instance.ip-address': '127.0.70.1',
    'eureka.instance.prefer-ip-address': 'true',
    'eureka.instance.metadata-map.version': '1.4.2',
    'spring.cloud.loadbalancer.cache.enabled': 'false',
  };
  const client = startClient(
    fetched,
    Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  );
  await reported(client, 'registered', { withinMs: 300_000 });
  await until('it being up', async () => (await digShort(guarded.dnsPort, 'spring-web.prod.svc A')).length === 1);
  expect(await digShort(guarded.dnsPort, '1.4.2._version.spring-web.prod.svc A')).toEqual(['127.0.70.1']);
  await another(guarded, 'spring-web');
  expect(await reported(client, 'seen')).toMatchObject({ ids: ['other', 'spring-1'] });
  expect(await reported(client, 'chosen')).toMatchObject({ at: ['127.0.70.1:8070', '127.0.99.9:9000'] });
  await client.stop('SIGTERM');
  await until('its leaving', async () => (await api(guarded, 'GET', 'spring-web/spring-1')).status === 404);
});

const noPrometheus = requireInCi(['prometheus'], 'prometheus');

test.skipIf(noPrometheus.length > 0)('Prometheus eureka_sd finds what is registered', async () => {
  await another(server, 'prom-web');
  const port = await freePort();
  const config = {
    scrape_configs: [
      {
        job_name: 'eureka',
        eureka_sd_configs: [{ server: `${server.http}/eureka`, refresh_interval: '1s' }],
      },
    ],
  };
  const folder = scratch({ 'prometheus.yml': JSON.stringify(config) });
  const prometheus = start('prometheus', [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  try {
    const found = await until('the target', async () => {
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/targets`).catch(() => undefined);
      const body = reply?.ok === true ? ((await reply.json()) as { data: { activeTargets: object[] } }) : undefined;
      return body?.data.activeTargets.find((target) => JSON.stringify(target).includes('PROM-WEB'));
    });
    expect(found).toMatchObject({
      discoveredLabels: { __address__: '127.0.99.9:9000', __meta_eureka_app_instance_status: 'UP' },
    });
  } finally {
    await prometheus.stop();
  }
});
