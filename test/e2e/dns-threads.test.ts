// DNS threads that meet a bug, in the whole program: one that dies is replaced and no name is lost; where they die
// again and again, the process logs it and exits 1, for its supervisor to start it anew.

import { afterAll, expect, test } from 'vitest';
import { udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { type ServerOptions, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const leftovers: (() => unknown)[] = [];
afterAll(async () => {
  for (const leave of leftovers.reverse()) await leave();
});

/**
 * A server whose first DNS thread throws out of nowhere once it has surely begun to listen, and the later ones, if they
 * are meant too, soon.
 */
async function fragile(which: 'first' | 'every'): Promise<ServerProcess> {
  const bomb = [
    "import { isMainThread, threadId } from 'node:worker_threads';",
    `const afterMs = threadId === 1 ? 4000 : ${which === 'every' ? 50 : 'undefined'};`,
    "if (!isMainThread && afterMs) setTimeout(() => { throw new Error('a bug'); }, afterMs);",
  ];
  const files = { 'bomb.mjs': bomb.join('\n') };
  const options: ServerOptions = { files, env: { ROLLCALL_DNS_THREADS: '1', NODE_OPTIONS: '--import ./bomb.mjs' } };
  const server = await startServer(options);
  leftovers.push(() => server.kill());
  return server;
}

test.concurrent('one that dies is replaced by one that knows all names', async () => {
  const server = await fragile('first');
  const api = new ApiClient(server.http);
  leftovers.push(() => api.close());
  await api.register('prod/orders/a', ['http://10.0.0.7:80']);
  const died = await until('the end of the first', () =>
    server.logs().find(({ msg }) => msg.startsWith('A DNS thread has ended')),
  );
  expect(died).toMatchObject({ level: 50, err: { message: 'a bug' } });
  // No write waits for a thread that is gone.
  await api.register('prod/orders/b', ['http://10.0.0.8:80']);
  const answer = await until('an answer', async () => {
    const dns = await udpClient(server.dnsPort);
    try {
      // While nothing listens the host refuses at once.
      return await dns.ask('orders.prod.svc').catch(() => undefined);
    } finally {
      dns.close();
    }
  });
  expect(answer.rcode).toBe('NOERROR');
  expect(answer.answer.map(({ data }) => data).sort()).toEqual(['10.0.0.7', '10.0.0.8']);
});

test.concurrent('where they die again and again, the process ends with exit code 1', async () => {
  const server = await fragile('every');
  const ended = await server.ended;
  expect(ended.code).toBe(1);
  expect(server.output()).toContain('DNS threads ended 4 times in 600 s');
});
