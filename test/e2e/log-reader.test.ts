// The reader of the log may end or stop reading: the service goes on, and still stops at a signal.

import { expect, test } from 'vitest';
import { udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';

test.each(['at once', 'after further lines'])(
  'a log pipe whose reader is gone does not hold up the end, %s',
  async (when) => {
    const server = await startServer();
    const { child } = server.program;
    child.stdout?.destroy();
    if (when !== 'at once') {
      const api = new ApiClient(server.http);
      for (let i = 0; i < 5; i++) await api.register(`prod/orders/${i}`, ['http://10.0.0.1:80']);
      api.close();
    }
    const dns = await udpClient(server.dnsPort);
    expect((await dns.ask('svc', 'SOA')).rcode).toBe('NOERROR');
    dns.close();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(server.pid, 'SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 8000);
    expect(await ended).toBe(0);
    clearTimeout(timer);
  },
);

test('a log pipe that is not read does not delay answers or the stop', async () => {
  const server = await startServer();
  const { child } = server.program;
  child.stdout?.pause();
  const api = new ApiClient(server.http);
  // Over a pipe's 64 KiB and the reader's own buffer.
  for (let i = 0; i < 1500; i++) await api.register(`prod/orders/${i % 10}`, [`http://10.0.${i >> 8}.${i & 255}:80`]);
  api.close();
  const dns = await udpClient(server.dnsPort);
  expect((await dns.ask('orders.prod.svc', 'A')).rcode).toBe('NOERROR');
  dns.close();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(server.pid, 'SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 8000);
  expect(await ended).toBe(0);
  clearTimeout(timer);
});
