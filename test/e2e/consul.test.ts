// Consul's API on a server of its own: what is registered outlives the process, checks that rollcall runs decide, a query
// that waits hears of it, and DNS agrees, in threads as well.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { digShort } from '../kit/dns/dig.ts';
import { patientFetch } from '../kit/http/api-client.ts';
import { scriptedHttp } from '../kit/http/scripted-http.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const directory = scratch();
let server: ServerProcess;

async function startAgain(): Promise<void> {
  const env = { ROLLCALL_ADAPTERS: 'consul', ROLLCALL_CONSUL_DOMAIN: 'consul' };
  server = await startServer({ directory, data: 'data', env });
}

beforeAll(startAgain);

afterAll(async () => {
  await server?.stop();
  removeScratch(directory);
});

async function put(path: string, body?: object): Promise<void> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const reply = await patientFetch(`${server.http}/v1${path}`, { method: 'PUT', ...sent });
  expect([reply.status, await reply.text()]).toEqual([200, '']);
}

async function health(query = ''): Promise<{ readonly index: string; readonly ids: readonly string[] }> {
  const reply = await patientFetch(`${server.http}/v1/health/service/web${query}`);
  const entries = (await reply.json()) as readonly { readonly Service: { readonly ID: string } }[];
  return { index: reply.headers.get('x-consul-index') ?? '', ids: entries.map(({ Service }) => Service.ID) };
}

/** Waits with blocking queries alone. */
async function waitFor(isThere: (ids: readonly string[]) => boolean): Promise<void> {
  let index = '0';
  for (let asked = 0; asked < 10; asked++) {
    const found = await health(`?passing&wait=60s&index=${index}`);
    if (isThere(found.ids)) return;
    index = found.index;
  }
  throw new Error('it was woken ten times for something else');
}

const addresses = async (): Promise<readonly string[]> =>
  (await digShort(server.dnsPort, 'web.service.consul A')).toSorted();

test('registrations, statuses and names outlive a restart', async () => {
  const web = { Name: 'web', Port: 8080 };
  await put('/agent/service/register', { ...web, ID: 'plain', Address: '127.0.60.1', Tags: ['x'.repeat(80), 'blue'] });
  const check = { TTL: '300s' };
  await put('/agent/service/register', { ...web, ID: 'passing', Address: '127.0.60.2', Check: check });
  await put('/agent/check/pass/service:passing');
  await put('/agent/service/register', { ...web, ID: 'warning', Address: '127.0.60.3', Check: check });
  await put('/agent/check/warn/service:warning');
  await put('/agent/service/register', { ...web, ID: 'critical', Address: '127.0.60.4', Check: check });
  const before = await addresses();
  expect(before).toEqual(['127.0.60.1', '127.0.60.2', '127.0.60.3']);
  const checks = await (await patientFetch(`${server.http}/v1/health/checks/web`)).json();
  const services = await (await patientFetch(`${server.http}/v1/agent/services`)).json();
  await server.stop();
  await startAgain();
  expect(await addresses()).toEqual(before);
  expect(await (await patientFetch(`${server.http}/v1/health/checks/web`)).json()).toEqual(checks);
  expect(await (await patientFetch(`${server.http}/v1/agent/services`)).json()).toEqual(services);
  expect((await health('?passing')).ids).toEqual(['passing', 'plain']);
  await put('/agent/check/pass/service:critical');
  expect(await addresses()).toContain('127.0.60.4');
});

test('an HTTP check that rollcall runs takes a service out, and a query that waits hears of it', async () => {
  let status = 500;
  const backend = await scriptedHttp(() => ({ status, body: 'output' }));
  try {
    const check = { HTTP: `${backend.url}/healthz`, Interval: '1s', Timeout: '1s' };
    await put('/agent/service/register', { Name: 'web', ID: 'checked', Address: '127.0.60.5', Port: 80, Check: check });
    await until('it being asked', () => backend.asked.length > 0);
    expect(await addresses()).not.toContain('127.0.60.5');
    status = 200;
    await waitFor((ids) => ids.includes('checked'));
    expect(await addresses()).toContain('127.0.60.5');
    status = 503;
    await waitFor((ids) => !ids.includes('checked'));
    expect(await addresses()).not.toContain('127.0.60.5');
    expect(backend.asked[0]).toMatchObject({ method: 'GET', path: '/healthz' });
  } finally {
    await backend.close();
  }
});
