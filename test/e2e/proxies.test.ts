// What rollcall is for: a proxy that knows only a name and a resolver spreads requests over the instances, and one that
// was cancelled gets none any more once `safeToStopAt` has passed. The proxies run what `rollcall snippet` prints.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { type Backends, startBackends } from '../kit/http/http-backends.ts';
import { getThrough, type RunningProxy, startHaproxy, startNginx } from '../kit/http/proxies.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const server = await startServer();
const api = new ApiClient(server.http);

afterAll(async () => {
  api.close();
  await server.stop();
});

/** The hosts that answered `count` requests, sorted, each once. */
async function whoAnswers(port: number, count: number): Promise<string[]> {
  const hosts = new Set<string>();
  for (let i = 0; i < count; i++) {
    const { status, body } = await getThrough(port);
    expect({ status, body }).toEqual({ status: 200, body: expect.stringMatching(/^127\./) });
    hosts.add(body);
  }
  return [...hosts].sort();
}

/** The whole story, the same for every proxy. */
async function spreadsAndForgets(port: number, app: string, backends: Backends): Promise<void> {
  const hosts = backends.all.map(({ host }) => host).sort();
  const [first, second] = backends.all;
  const isServedByAll = async (): Promise<boolean> => (await whoAnswers(port, 30)).length === hosts.length;
  await until('requests at all instances', isServedByAll);

  await api.cancel(`prod/${app}/${first?.host}`);
  await until(`no requests at ${first?.host}`, async () => !(await whoAnswers(port, 40)).includes(first?.host ?? ''));
  const before = first?.hits;
  expect(await whoAnswers(port, 60)).toEqual(hosts.slice(1));
  expect(first?.hits).toBe(before);

  await api.patch(`prod/${app}/${second?.host}`, { status: 'waiting' });
  const isAlone = async (): Promise<boolean> => (await whoAnswers(port, 30)).join() === hosts.slice(2).join();
  await until('one instance alone', isAlone);

  await api.register(`prod/${app}/${first?.host}`, [first?.addr ?? ''], { dnsTtl: 1 });
  await until('the first one back', async () => (await whoAnswers(port, 30)).length === 2);
}

async function behind(app: string, hosts: readonly string[]): Promise<Backends> {
  const backends = await startBackends(hosts);
  await Promise.all(backends.all.map(({ host, addr }) => api.register(`prod/${app}/${host}`, [addr], { dnsTtl: 1 })));
  return backends;
}

const noNginx = requireInCi(['nginx'], 'nginx-light');

describe.skipIf(noNginx.length > 0)(
  `nginx${noNginx.length > 0 ? ' (not installed)' : ''}`,
  { concurrent: true },
  () => {
    let backends: Backends | undefined;
    let proxy: RunningProxy | undefined;

    beforeAll(async () => {
      backends = await behind('web', ['127.0.0.2', '127.0.0.3', '127.0.0.4']);
      proxy = await startNginx({ dnsPort: server.dnsPort, app: 'web.prod.svc', appPort: backends.all[0]?.port ?? 0 });
    });

    afterAll(async () => {
      await proxy?.stop();
      await backends?.close();
    });

    test('balances over the addresses of the app and follows every change', async () => {
      await spreadsAndForgets(proxy?.port ?? 0, 'web', backends as Backends);
    });
  },
);

const noHaproxy = requireInCi(['haproxy'], 'haproxy');

describe.skipIf(noHaproxy.length > 0)(
  `HAProxy${noHaproxy.length > 0 ? ' (not installed)' : ''}`,
  { concurrent: true },
  () => {
    let backends: Backends | undefined;
    let proxy: RunningProxy | undefined;

    beforeAll(async () => {
      backends = await behind('shop', ['127.0.1.2', '127.0.1.3', '127.0.1.4']);
      proxy = await startHaproxy({ dnsPort: server.dnsPort, app: 'shop.prod.svc' });
    });

    afterAll(async () => {
      await proxy?.stop();
      await backends?.close();
    });

    test('fills its servers from SRV and follows every change', async () => {
      await spreadsAndForgets(proxy?.port ?? 0, 'shop', backends as Backends);
    });
  },
);
