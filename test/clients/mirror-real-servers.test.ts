// `rollcall mirror` beside the real servers of the registries that it follows: what is registered there is here, changes come
// over, an outage takes nothing away, a client that has moved is left alone. On demand: both servers take minutes to build.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { goProgram, mavenClient, reported, startClient } from '../kit/adapters/foreign-clients.ts';
import { digShort } from '../kit/dns/dig.ts';
import { cleanEnvironment, type Program, start } from '../kit/process/program.ts';
import { freePort } from '../kit/process/scratch.ts';
import { main, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const patience = { withinMs: 60_000 };
const slow = { timeout: 1_000_000 };

let server: ServerProcess;

beforeAll(async () => {
  server = await startServer({ env: { ROLLCALL_ADAPTERS: 'consul,eureka' } });
});

afterAll(async () => {
  await server?.stop();
});

function mirror(from: string, source: string, more: readonly string[] = []): Program {
  const args = [main, 'mirror', '--from', from, '--source', source, ...more];
  return start(process.execPath, args, { env: cleanEnvironment({ ROLLCALL_URL: server.http }) });
}

function ofApp(app: string): Promise<readonly string[]> {
  return digShort(server.dnsPort, `${app}.prod.svc A`);
}

async function send(method: string, url: string, body?: object): Promise<void> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const reply = await fetch(url, { method, headers: { 'content-type': 'application/json' }, ...sent });
  expect([url, reply.ok]).toEqual([url, true]);
}

test('Consul', slow, async (context) => {
  const fetched = await goProgram('github.com/hashicorp/consul', 'v1.14.0', true);
  if ('missing' in fetched) return context.skip(fetched.missing);
  const [http, rpc, lan, wan] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const ports = [`-http-port=${http}`, `-server-port=${rpc}`, `-serf-lan-port=${lan}`, `-serf-wan-port=${wan}`];
  const args = ['agent', '-dev', ...ports, '-grpc-port=-1', '-dns-port=-1', '-log-level=error'];
  const consul = `http://127.0.0.1:${http}`;
  const isUp = () =>
    fetch(`${consul}/v1/status/leader`).then(
      async (reply) => (await reply.text()).length > 2,
      () => false,
    );
  let old = startClient(fetched, args);
  await until('Consul', isUp, patience);
  const register = (to: string, fields: object) => send('PUT', `${to}/v1/agent/service/register`, fields);
  await register(consul, { Name: 'shop_web', ID: 'a', Address: '127.0.50.1', Port: 80, Check: { TTL: '300s' } });
  await register(consul, { Name: 'shop_web', ID: 'b', Address: '127.0.50.2', Port: 80 });
  let program = mirror('consul', consul);
  await until('b', async () => (await ofApp('shop-web')).join() === '127.0.50.2', patience);
  await send('PUT', `${consul}/v1/agent/check/pass/service:a`);
  await until('a', async () => (await ofApp('shop-web')).length === 2, patience);
  await program.stop('SIGKILL');
  await send('PUT', `${consul}/v1/agent/service/deregister/b`);
  program = mirror('consul', consul, ['--doubt', '3s', '--leave']);
  await until('b having left', async () => (await ofApp('shop-web')).join() === '127.0.50.1', patience);
  await old.stop('SIGKILL');
  await until('the outage', () => program.output().includes('what it had stays'), patience);
  expect(await ofApp('shop-web')).toEqual(['127.0.50.1']);
  await register(server.http, { Name: 'shop_web', ID: 'a', Address: '127.0.50.1', Port: 80 });
  old = startClient(fetched, args);
  await until('Consul', isUp, patience);
  await register(consul, { Name: 'late', ID: 'l', Address: '127.0.50.3', Port: 80 });
  await until('another', async () => (await ofApp('late')).length === 1, patience);
  expect((await program.stop('SIGTERM')).code).toBe(0);
  expect([await ofApp('late'), await ofApp('shop-web')]).toEqual([[], ['127.0.50.1']]);
  await old.stop('SIGTERM');
});

test('Eureka', slow, async (context) => {
  const fetched = await mavenClient('eureka-server');
  if ('missing' in fetched) return context.skip(fetched.missing);
  const port = await freePort();
  const settings = {
    'server.port': String(port),
    'eureka.client.register-with-eureka': 'false',
    'eureka.client.fetch-registry': 'false',
    'eureka.server.response-cache-update-interval-ms': '500',
  };
  const old = startClient(
    fetched,
    Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  );
  await reported(old, 'started', { withinMs: 300_000 });
  const eureka = `http://127.0.0.1:${port}/eureka`;
  const register = (to: string, id: string, ip: string, app = 'MY_SHOP') =>
    send('POST', `${to}/apps/${app}`, {
      instance: {
        instanceId: id,
        hostName: ip,
        app,
        ipAddr: ip,
        status: 'UP',
        port: { $: 8080, '@enabled': 'true' },
        dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
        leaseInfo: { durationInSecs: 300 },
      },
    });
  await register(eureka, 'h:shop:1', '127.0.51.1');
  await register(eureka, 'h:shop:2', '127.0.51.2');
  const program = mirror('eureka', eureka, ['--poll', '1s']);
  await until('both', async () => (await ofApp('my-shop')).length === 2, patience);
  await send('PUT', `${eureka}/apps/MY_SHOP/h:shop:1/status?value=OUT_OF_SERVICE`);
  await until('one', async () => (await ofApp('my-shop')).join() === '127.0.51.2', patience);
  await register(`${server.http}/eureka`, 'h:shop:2', '127.0.51.9');
  await old.stop('SIGKILL');
  await until('the outage', () => program.output().includes('what it had stays'), patience);
  expect(await ofApp('my-shop')).toEqual(['127.0.51.9']);
  expect((await program.stop('SIGTERM')).code).toBe(0);
});
