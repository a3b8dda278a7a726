// Programs that cannot be started through `rollcall run`: rollcall knows them from a file or one call, checks itself
// whether they serve, and reports of each that is not in DNS why.

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typed } from '../kit/cli/cli-world.ts';
import { answersOf, type DnsClient, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient, type Json } from '../kit/http/api-client.ts';
import { type Backends, startBackends } from '../kit/http/http-backends.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const patience = { withinMs: 20_000 };
const hosts = ['127.0.14.1', '127.0.14.2'];

let directory: string;
let server: ServerProcess;
let api: ApiClient;
let dns: DnsClient;
let backends: Backends;

async function serve(): Promise<void> {
  server = await startServer({ directory, data: 'data' });
  api = new ApiClient(server.http);
  dns = await udpClient(server.dnsPort);
}

async function endServer(): Promise<void> {
  dns.close();
  api.close();
  await server.stop();
}

function writeFile(name: string, text: string): void {
  // As an editor does it: whole or not at all.
  writeFileSync(join(directory, 'services.d', `.${name}`), text);
  renameSync(join(directory, 'services.d', `.${name}`), join(directory, 'services.d', name));
}

const entry = (instance: string, addr: string): string => `
- env: prod
  appid: legacy
  instance: ${instance}
  addrs: ["${addr}"]
  checks:
    - {type: http, path: /, intervalSeconds: 1, failures: 2}
`;

beforeAll(async () => {
  backends = await startBackends(hosts);
  directory = scratch({
    'services.d/legacy.yaml': backends.all.map(({ addr }, index) => entry(`l${index}`, addr)).join(''),
    'services.d/broken.yaml': 'env: prod\nchecks: 7\n',
  });
  await serve();
});

afterAll(async () => {
  await endServer();
  await backends.close();
  removeScratch(directory);
});

async function found(app: string): Promise<string[]> {
  return answersOf(await dns.ask(`${app}.prod.svc`, 'A')).sort();
}

async function untilFound(app: string, wanted: readonly string[]): Promise<void> {
  const all = wanted.map((host) => `A ${host}`).join();
  await until(`${app} at ${all}`, async () => (await found(app)).join() === all, patience);
}

async function events(app: string): Promise<Json[]> {
  const { json } = await api.call('GET', `/api/v1/events?app=prod/${app}`);
  return json['events'] as Json[];
}

describe('a service file', () => {
  test('is found in DNS once its instances have passed, and a broken one beside it is reported', async () => {
    await untilFound('legacy', hosts);
    const complaint = server.logs().find(({ msg }) => msg.startsWith('cannot read a service file'));
    expect(complaint?.['faults']).toEqual([
      expect.stringMatching(/^services\.d\/broken\.yaml:1:1: appid must be text/),
      expect.stringMatching(/^services\.d\/broken\.yaml:1:1: instance must be text/),
      ...Array(2).fill(expect.stringMatching(/^services\.d\/broken\.yaml:\d:\d/)),
    ]);
  });

  test('an instance that stops answering leaves the answers, and every instance has the reason; it comes back by itself', async () => {
    const [first] = backends.all;
    await first?.stop();
    await untilFound('legacy', hosts.slice(1));
    const reason = 'http GET /: connection refused';
    const { json } = await api.call('GET', '/api/v1/resolve?name=legacy.prod.svc&type=A');
    expect(json['reason']).toBe(`1 instance of 2 up; 1 fails its check: l0 (${reason})`);
    expect((await events('legacy'))[0]).toMatchObject({
      why: 'checked',
      instance: 'l0',
      verdict: 'critical',
      reason: reason,
      text: `found critical: ${reason}`,
      changed: ['status', 'health'],
    });
    const { text } = await api.call('GET', '/metrics');
    expect(text).toMatch(/^rollcall_checks_total\{type="http",result="failed"\} [1-9]/m);
    expect(text).toMatch(/^rollcall_checked_instances 2$/m);
    const env = { ROLLCALL_URL: server.http };
    expect((await typed(['show', 'prod/legacy'], { env })).out).toMatch(/^prod\/legacy\/l0 +waiting .* critical$/m);
    expect((await typed(['show', 'prod/legacy/l0'], { env })).out).toMatch(/^health\.reason +http GET \/: connection/m);

    await first?.restart();
    await untilFound('legacy', hosts);
  });

  test('changes are followed: what is no longer named leaves', async () => {
    writeFile('legacy.yaml', entry('l1', backends.all[1]?.addr ?? ''));
    await untilFound('legacy', hosts.slice(1));
    expect((await events('legacy'))[0]).toMatchObject({
      why: 'cancelled',
      by: { address: 'services.d/legacy.yaml', reason: 'the service file names it no more' },
    });
  });
});

describe('an instance that is registered with checks', () => {
  test('waits until it passes, needs no renewals, and stays drained when it is', async () => {
    const reply = await api.register('prod/posted/p1', [backends.all[0]?.addr ?? ''], {
      checks: [{ type: 'tcp', intervalSeconds: 1 }],
    });
    expect(reply).toMatchObject({ status: 'waiting', leaseEndsAt: null, health: { verdict: 'unchecked' } });
    expect(reply).not.toHaveProperty('renewWith');
    await untilFound('posted', hosts.slice(0, 1));
    expect((await api.renew('prod/posted/p1'))['renewBefore']).toBeNull();
    const { json } = await api.call('POST', '/api/v1/apps/prod/posted/p1/drain');
    expect(json['status']).toBe('waiting');
    const { text } = await api.call('GET', '/metrics');
    const passed = (page: string): number =>
      Number(/^rollcall_checks_total\{type="tcp",result="passed"\} (\d+)/m.exec(page)?.[1]);
    await until('another check', async () => passed((await api.call('GET', '/metrics')).text) > passed(text), patience);
    expect(await found('posted')).toEqual([]);
    await api.patch('prod/posted/p1', { status: 'up' });
    await untilFound('posted', hosts.slice(0, 1));
  });

  test('is refused with every problem of its checks', async () => {
    const { status, json } = await api.call('PUT', '/api/v1/apps/prod/posted/p2', {
      body: { addrs: ['x://127.0.0.1:1'], checks: [{ type: 'http', path: 'x' }, { type: 'ping' }] },
    });
    expect(status).toBe(400);
    expect((json['errors'] as Json[]).map(({ pointer }) => pointer)).toEqual(['#/checks/0/path', '#/checks/1/type']);
  });
});

test('over a restart: what passed is answered at once, what is down is found out, what a file no longer names is gone', async () => {
  await untilFound('legacy', hosts.slice(1));
  await untilFound('posted', hosts.slice(0, 1));
  await api.register('prod/steady/s1', [backends.all[1]?.addr ?? ''], {
    checks: [{ type: 'tcp', intervalSeconds: 1 }],
  });
  await untilFound('steady', hosts.slice(1));
  await endServer();
  await backends.all[0]?.stop();
  rmSync(join(directory, 'services.d', 'legacy.yaml'));
  await serve();
  expect(await found('steady')).toEqual([`A ${hosts[1]}`]);
  expect(await found('legacy')).toEqual([]);
  expect((await events('legacy'))[0]).toMatchObject({ why: 'cancelled' });
  await untilFound('posted', []);
  const { json } = await api.call('GET', '/api/v1/resolve?name=posted.prod.svc&type=A');
  expect(json['reason']).toBe('1 instance, all waiting; 1 fails its check: p1 (tcp: connection refused)');
  // It was never anything else.
  expect((await events('steady')).map(({ why }) => why)).toEqual(['checked', 'registered']);
});
