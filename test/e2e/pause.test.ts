// rollcall itself is stopped for longer than its instances' leases (SIGSTOP, as a debugger, a cgroup freezer or a machine
// that swaps would do). On its way back no instance is to blame for its silence: none is evicted before a heartbeat
// could arrive, and those that then stay silent are.

import { afterAll, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const server = await startServer();
const api = new ApiClient(server.http);

afterAll(async () => {
  api.close();
  await server.stop();
});

const leaseMs = 5000;
const stoppedMs = 8000;
/** A third of the lease. */
const intervalMs = leaseMs / 3;

test('a server that was stopped for longer than a lease evicts none on waking, and then those that stay silent', async () => {
  const register = (instance: string) =>
    api.register(`prod/orders/${instance}`, ['http://10.0.0.7:80'], { leaseSeconds: 5 });
  await register('renews');
  await register('silent');
  const registeredMs = performance.now();
  process.kill(server.pid, 'SIGSTOP');
  // Real time: a stopped server cannot report when it has been stopped for long enough.
  await new Promise((resolve) => setTimeout(resolve, stoppedMs));
  process.kill(server.pid, 'SIGCONT');
  const wokenMs = performance.now();
  expect(wokenMs - registeredMs).toBeGreaterThan(leaseMs);

  // On a busy machine a late event loop may send reads away for a moment.
  const instances = () =>
    until('the instances', async () => {
      const { status, json } = await api.call('GET', '/api/v1/apps/prod/orders');
      return status === 200 && (json['instances'] as { instance: string }[]).map(({ instance }) => instance);
    });
  expect(await instances()).toEqual(['renews', 'silent']);
  const renew = async () => expect((await api.call('PUT', '/api/v1/apps/prod/orders/renews/renew')).status).toBe(200);
  await renew();
  await until('the end of the silent one', async () => {
    await renew();
    return !(await instances()).includes('silent');
  });
  expect(performance.now() - wokenMs).toBeGreaterThanOrEqual(intervalMs);
  expect(await instances()).toEqual(['renews']);
  const { text } = await api.call('GET', '/metrics');
  expect(Number(/^rollcall_pauses_total (\d+)/m.exec(text)?.[1])).toBeGreaterThanOrEqual(1);
  expect(Number(/^rollcall_paused_seconds_total ([\d.]+)/m.exec(text)?.[1])).toBeGreaterThan(stoppedMs / 1000 - 1);
  await until('the pause in the log', () =>
    server.logs().find((line) => line['pause'] === 'stopped' && (line['pausedMs'] as number) > stoppedMs - 1000),
  );
}, 120_000);
