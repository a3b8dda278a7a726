// A fleet that comes back all at once: every call is answered in the end, what is refused has Retry-After,
// and DNS answers throughout. The clients and the honest resolver are processes of their own; how fast it is, is measured
// by test/bench/storms.ts, here only what must hold on any machine.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProbe } from '../kit/dns/dns-probe.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { storm } from '../kit/http/storm.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

/** A tenth of the storm of the bench: two slow cores are shared by the server and all clients. */
const instances = 1000;
let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  server = await startServer();
  api = new ApiClient(server.http);
  await api.register('prod/steady/s', ['http://10.9.9.9:80']);
});

afterAll(async () => {
  api.close();
  await server.stop();
});

/** No answer lost (two seconds late is lost), none wrong. */
async function withProbe<Result>(work: () => Promise<Result>): Promise<Result> {
  const probe = await startProbe(server.dnsPort, 'steady.prod.svc.');
  const result = await work();
  const { asked, lost, wrong, p99Ms } = await probe.stop();
  console.log(`DNS meanwhile: ${asked} questions, p99 ${p99Ms.toFixed(1)} ms`);
  expect({ lost, wrong }).toEqual({ lost: 0, wrong: 0 });
  return result;
}

test('re-registrations all at once are all answered, and are all there', { timeout: 60_000 }, async () => {
  for (const round of ['first', 'again']) {
    const result = await withProbe(() =>
      storm({ port: server.httpPort, what: 'register', instances, connections: instances, withinMs: 25_000 }),
    );
    expect({ round, done: result.done, failed: result.failed }).toEqual({ round, done: instances, failed: 0 });
    expect(Object.keys(result.statuses).every((status) => ['200', '201', '503'].includes(status))).toBe(true);
  }
  const { text } = await api.call('GET', '/metrics');
  expect(text).toContain(`rollcall_instances{status="up"} ${instances + 1}`);
});

test('a storm of heartbeats leaves every lease renewed', { timeout: 60_000 }, async () => {
  const calls = 5 * instances;
  const result = await withProbe(() =>
    storm({ port: server.httpPort, what: 'renew', instances, connections: 100, calls, withinMs: 25_000 }),
  );
  expect({ done: result.done, failed: result.failed }).toEqual({ done: calls, failed: 0 });
});
