// Real clients of Nacos against rollcall: each registers, is pushed what came in over our own API, is found by DNS, and leaves.
// Those of 1.x speak HTTP and get their pushes over UDP, the others speak gRPC.

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Fetched,
  goClient,
  javaClient,
  npmClient,
  pythonClient,
  reported,
  startClient,
} from '../kit/adapters/foreign-clients.ts';
import { digShort } from '../kit/dns/dig.ts';
import { freePort } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const secret = 'a-secret-of-sixteen-and-more';

let server: ServerProcess;
/** Where clients log in. */
let guarded: ServerProcess;

beforeAll(async () => {
  // Clients look for gRPC 1000 above the port that they are given.
  server = await started(await lowPort());
  guarded = await started(await lowPort(), { ROLLCALL_TOKENS: `ci=${secret}` });
});

afterAll(async () => {
  await server?.stop();
  await guarded?.stop();
});

function started(port: number, env: Record<string, string> = {}): Promise<ServerProcess> {
  return startServer({ http: `127.0.0.1:${port}`, env: { ROLLCALL_ADAPTERS: 'nacos', ...env } });
}

/** With room for another one 1000 above. */
async function lowPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 64_000) return port;
  }
}

async function other(to: ServerProcess, app: string): Promise<void> {
  const reply = await fetch(`${to.http}/api/v1/apps/prod/${app}/other`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ addrs: ['http://127.0.99.9:9000'] }),
  });
  expect(reply.status).toBe(201);
}

async function addresses(app: string, of = server): Promise<readonly string[]> {
  return (await digShort(of.dnsPort, `${app}.prod.svc A`)).toSorted();
}

/** Registers, sees another one, and leaves. */
async function lives(
  fetched: Fetched,
  args: readonly string[],
  app: string,
  ip: string,
  at: ServerProcess = server,
): Promise<void> {
  const client = startClient(fetched, args);
  await reported(client, 'registered');
  await until('it being found', async () => (await addresses(app, at)).join() === ip);
  await other(at, app);
  expect(await reported(client, 'seen')).toMatchObject({ ips: [ip, '127.0.99.9'] });
  expect(await addresses(app, at)).toEqual([ip, '127.0.99.9']);
  await client.stop('SIGTERM');
  await until('its leaving', async () => (await addresses(app, at)).join() === '127.0.99.9');
}

test('npm nacos, over HTTP and UDP, with a secret too', async (context) => {
  const fetched = await npmClient('nacos-npm.cjs', ['nacos@2.6.0']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  await lives(fetched, [`127.0.0.1:${server.httpPort}`], 'npm-web', '127.0.50.1');
  await lives(fetched, [`127.0.0.1:${guarded.httpPort}`, 'ci', secret], 'npm-web', '127.0.50.1', guarded);
});

test('Python nacos-sdk-python 0.1, over HTTP, with a login too', async (context) => {
  const fetched = await pythonClient('nacos_v1.py', ['nacos-sdk-python==0.1.17']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  await lives(fetched, [`127.0.0.1:${server.httpPort}`], 'py-web', '127.0.82.1');
  await lives(fetched, [`127.0.0.1:${guarded.httpPort}`, 'ci', secret], 'py-web', '127.0.82.1', guarded);
});

test('Python nacos-sdk-python 2, over gRPC', async (context) => {
  const fetched = await pythonClient('nacos_v2.py', ['nacos-sdk-python==2.0.11']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  await lives(fetched, [`127.0.0.1:${server.httpPort}`], 'py2-web', '127.0.84.1');
});

test('Go nacos-sdk-go v2, over gRPC, with a login too; killed, its instance is gone after the grace', async (context) => {
  const fetched = await goClient('nacos.go', ['github.com/nacos-group/nacos-sdk-go/v2 v2.2.7']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const args = ['127.0.0.1', String(server.httpPort)];
  await lives(fetched, args, 'go-web', '127.0.83.1');
  const login = ['127.0.0.1', String(guarded.httpPort), 'ci', secret];
  await lives(fetched, login, 'go-web', '127.0.83.1', guarded);
  const client = startClient(fetched, args);
  await reported(client, 'registered');
  await client.stop('SIGKILL');
  await until('its leaving', async () => (await addresses('go-web')).join() === '127.0.99.9');
});

test('Java nacos-client 1.4, over HTTP and UDP', async (context) => {
  const fetched = await javaClient('NacosClient.java', ['com.alibaba.nacos:nacos-client:1.4.7']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const args = [`127.0.0.1:${server.httpPort}`, 'java1-web', '127.0.60.1'];
  await lives(fetched, args, 'java1-web', '127.0.60.1');
});

test('Java nacos-client 3.1, over gRPC', async (context) => {
  const fetched = await javaClient('NacosClient.java', ['com.alibaba.nacos:nacos-client:3.1.0']);
  if ('missing' in fetched) return context.skip(fetched.missing);
  await lives(fetched, [`127.0.0.1:${server.httpPort}`, 'java3-web', '127.0.62.1'], 'java3-web', '127.0.62.1');
});

test('Java nacos-client 2.5, over gRPC, with a login too; it comes back to a server that was started again', async (context) => {
  const fetched = await javaClient('NacosClient.java', [
    'com.alibaba.nacos:nacos-client:2.5.1',
    'org.slf4j:slf4j-nop:1.7.36',
  ]);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const args = [`127.0.0.1:${server.httpPort}`, 'java2-web', '127.0.61.1'];
  await lives(fetched, args, 'java2-web', '127.0.61.1');
  const login = [`127.0.0.1:${guarded.httpPort}`, 'java2-web', '127.0.61.1', 'ci', secret];
  await lives(fetched, login, 'java2-web', '127.0.61.1', guarded);
  const client = startClient(fetched, args);
  await reported(client, 'registered');
  const { httpPort } = server;
  await server.stop();
  server = await started(httpPort);
  await until('its coming back', async () => (await addresses('java2-web')).join() === '127.0.61.1');
  await client.stop('SIGTERM');
});
