// What rollcall is for: a proxy that knows only a name and a resolver spreads requests over the instances, and one that
// was cancelled gets none any more once `safeToStopAt` has passed. The proxies run what `rollcall snippet` prints.

import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snippets } from '../../src/cli/snippets/all.ts';
import { ApiClient } from '../kit/api-client.ts';
import { type Backends, startBackends } from '../kit/http-backends.ts';
import { requireInCi } from '../kit/installed.ts';
import { type Program, start, startWhen } from '../kit/program.ts';
import { freePort, removeScratch, scratch } from '../kit/scratch.ts';
import { startServer } from '../kit/server-process.ts';
import { until } from '../kit/until.ts';

const server = await startServer();
const api = new ApiClient(server.http);

afterAll(async () => {
  api.close();
  await server.stop();
});

/** Status and body of one request over a connection of its own. */
function get(port: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.once('error', reject);
    call.end();
  });
}

/** The hosts that answered `count` requests, sorted, each once. */
async function whoAnswers(port: number, count: number): Promise<string[]> {
  const hosts = new Set<string>();
  for (let i = 0; i < count; i++) {
    const { status, body } = await get(port);
    expect({ status, body }).toEqual({ status: 200, body: expect.stringMatching(/^127\./) });
    hosts.add(body);
  }
  return [...hosts].sort();
}

interface Proxy {
  readonly port: number;
  readonly directory: string;
  readonly program: Program;
}

async function stop(proxy: Proxy | undefined): Promise<void> {
  await proxy?.program.stop('SIGTERM', 3000);
  if (proxy !== undefined) removeScratch(proxy.directory);
}

/** The whole story, the same for every proxy. */
async function spreadsAndForgets(port: number, app: string, backends: Backends): Promise<void> {
  const hosts = backends.all.map(({ host }) => host).sort();
  const [first, second] = backends.all;
  const everyone = async (): Promise<boolean> => (await whoAnswers(port, 30)).length === hosts.length;
  await until('requests at all instances', everyone, { withinMs: 8000 });

  await api.cancel(`prod/${app}/${first?.host}`);
  await until(`no requests at ${first?.host}`, async () => !(await whoAnswers(port, 40)).includes(first?.host ?? ''), {
    withinMs: 8000,
  });
  const before = first?.hits;
  expect(await whoAnswers(port, 60)).toEqual(hosts.slice(1));
  expect(first?.hits).toBe(before);

  await api.patch(`prod/${app}/${second?.host}`, { status: 'waiting' });
  const isAlone = async (): Promise<boolean> => (await whoAnswers(port, 30)).join() === hosts.slice(2).join();
  await until('one instance alone', isAlone, { withinMs: 8000 });

  await api.register(`prod/${app}/${first?.host}`, [first?.addr ?? ''], { dnsTtl: 1 });
  await until('the first one back', async () => (await whoAnswers(port, 30)).length === 2, { withinMs: 8000 });
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
    let proxy: Proxy | undefined;

    beforeAll(async () => {
      backends = await behind('web', ['127.0.0.2', '127.0.0.3', '127.0.0.4']);
      const text = snippet('nginx', 'web.prod.svc', backends.all[0]?.port);
      proxy = await startNginx(await freePort(), text);
    });

    afterAll(async () => {
      await stop(proxy);
      await backends?.close();
    });

    test('balances over the addresses of the app and follows every change', async () => {
      await spreadsAndForgets(proxy?.port ?? 0, 'web', backends as Backends);
    });
  },
);

/** The text for one of our apps, as it is printed. */
function snippet(program: string, app: string, appPort = 80): string {
  const dns = { host: '127.0.0.1', port: server.dnsPort };
  return snippets.get(program)?.text({ dns, domains: ['svc'], app, appPort }) ?? '';
}

async function startNginx(port: number, text: string): Promise<Proxy> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
  const conf = `
    worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    pid nginx.pid;
    error_log stderr notice;
    events { worker_connections 256; }
    http {
      access_log off;
      ${temporary.join(' ')}
      ${text.replace('listen 127.0.0.1:8000;', `listen 127.0.0.1:${port};`)}
    }`;
  const directory = scratch({ conf });
  const program = start('nginx', ['-p', directory, '-c', join(directory, 'conf'), '-e', 'stderr', '-g', 'daemon off;']);
  await startWhen('nginx', program, () =>
    get(port).then(
      () => true,
      () => false,
    ),
  );
  return { port, directory, program };
}

const noHaproxy = requireInCi(['haproxy'], 'haproxy');

describe.skipIf(noHaproxy.length > 0)(
  `HAProxy${noHaproxy.length > 0 ? ' (not installed)' : ''}`,
  { concurrent: true },
  () => {
    let backends: Backends | undefined;
    let proxy: Proxy | undefined;

    beforeAll(async () => {
      backends = await behind('shop', ['127.0.1.2', '127.0.1.3', '127.0.1.4']);
      proxy = await startHaproxy(await freePort(), snippet('haproxy', 'shop.prod.svc'));
    });

    afterAll(async () => {
      await stop(proxy);
      await backends?.close();
    });

    test('fills its servers from SRV and follows every change', async () => {
      await spreadsAndForgets(proxy?.port ?? 0, 'shop', backends as Backends);
    });
  },
);

async function startHaproxy(port: number, text: string): Promise<Proxy> {
  const conf = `
global
  log stderr local0 err
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend in
  bind 127.0.0.1:${port}
  default_backend shop
${text}`;
  const directory = scratch({ conf });
  const program = start('haproxy', ['-f', join(directory, 'conf'), '-db']);
  await startWhen('HAProxy', program, () =>
    get(port).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  return { port, directory, program };
}
