// A deploy as it should be: three instances of a program that knows nothing of rollcall, restarted one after the other
// with nothing but SIGTERM to `rollcall run`, while clients look the app up through Unbound without a break.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DnsClient, udpClient } from '../kit/dns/dns-client.ts';
import { startLoad } from '../kit/history/name-load.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { type Forwarder, startUnbound } from '../kit/process/forwarders.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { cleanEnvironment, type Program, start } from '../kit/process/program.ts';
import { freePort } from '../kit/process/scratch.ts';
import { main, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const missing = requireInCi(['unbound'], 'unbound');
const hosts = ['127.0.13.1', '127.0.13.2', '127.0.13.3'];
const restarts = 10;

let server: ServerProcess;
let api: ApiClient;
let forwarder: Forwarder | undefined;
let resolver: DnsClient;
const running = new Map<string, Program>();

beforeAll(async () => {
  if (missing.length > 0) return;
  server = await startServer();
  api = new ApiClient(server.http);
  forwarder = await startUnbound(server.dnsPort);
  resolver = await udpClient(forwarder.port);
});

afterAll(async () => {
  if (missing.length > 0) return;
  await Promise.all([...running.values()].map((program) => program.stop('SIGKILL')));
  resolver.close();
  await forwarder?.stop();
  api.close();
  await server.stop();
});

/** Node ends at SIGTERM at once: requests that come later are lost. */
const serving = `require('node:http').createServer((_, r) => r.end('ok')).listen(Number(process.argv[2]), process.argv[1])`;

async function bringUp(host: string, port: number): Promise<void> {
  const place = ['--as', `prod/rolled/${host}`, '--addr', `http://${host}:${port}`];
  const flags = ['--dns-ttl', '1', '--registry', server.http, '--quiet'];
  const command = [process.execPath, '-e', serving, host, String(port)];
  const program = start(process.execPath, [main, 'run', ...place, ...flags, '--', ...command], {
    env: cleanEnvironment(),
  });
  running.set(host, program);
  const path = `/api/v1/apps/prod/rolled/${host}`;
  await until(`${host} being up`, async () => (await api.call('GET', path)).json['status'] === 'up', {
    withinMs: 20_000,
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${program.output()}`);
  });
}

test.skipIf(missing.length > 0)(
  `ten rolling restarts of three instances lose no request${missing.length > 0 ? ' (no unbound)' : ''}`,
  async () => {
    const port = await freePort();
    await Promise.all(hosts.map((host) => bringUp(host, port)));
    const load = startLoad(resolver, 'rolled.prod.svc', port);
    const ended: unknown[] = [];
    for (let round = 0; round < restarts; round++) {
      const host = hosts[round % hosts.length] as string;
      const { code, err } = await (running.get(host) as Program).stop('SIGTERM', 40_000);
      ended.push({ code, err });
      await bringUp(host, port);
    }
    const { done, failed, late } = await load.stop();
    expect(ended).toEqual(Array.from({ length: restarts }, () => ({ code: 143, err: '' })));
    expect({ failed, late: late.length <= done / 10 ? [] : late }).toEqual({ failed: [], late: [] });
    expect(done).toBeGreaterThan(500);
  },
  120_000,
);
