// What outlives the process: the instances, and the revision. With it the SOA serial never goes back, whether the process was killed in
// the middle of writes or asked to stop. All at once they start a dozen servers: where much else runs that takes minutes.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

const directories: string[] = [];
const servers: ServerProcess[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  for (const directory of directories) removeScratch(directory);
});

async function startIn(directory: string): Promise<ServerProcess> {
  const server = await startServer({ directory, data: 'data' });
  servers.push(server);
  return server;
}

function newDirectory(): string {
  const directory = scratch();
  directories.push(directory);
  return directory;
}

async function serialOf({ dnsPort }: ServerProcess): Promise<number> {
  const dns = await udpClient(dnsPort);
  const { answer } = await dns.ask('svc', 'SOA');
  dns.close();
  return Number(answer[0]?.data.split(' ')[2]);
}

/** Writes until the process is gone; the highest revision that was answered. */
async function writeUntilGone({ http }: ServerProcess, ready: (count: number) => void): Promise<number> {
  const api = new ApiClient(http);
  let revision = 0;
  try {
    for (let count = 1; ; count++) {
      const reply = await api.register(`prod/app-${count % 7}/one`, [`http://10.0.${count % 250}.1:80`]);
      revision = Math.max(revision, reply['revision'] as number);
      ready(count);
    }
  } catch {
    return revision;
  } finally {
    api.close();
  }
}

test.concurrent('after SIGKILL in the middle of writes, revision and serial go on above everything that was answered', {
  timeout: 180_000,
}, async () => {
  const directory = newDirectory();
  let highest = 0;
  for (let life = 0; life < 2; life++) {
    const running = await startIn(directory);
    expect(await serialOf(running)).toBeGreaterThanOrEqual(highest);
    const revision = await writeUntilGone(running, (count) => {
      if (count === 200) void running.kill();
    });
    expect(revision).toBeGreaterThan(highest);
    highest = revision;
  }
  const last = await startIn(directory);
  expect(await serialOf(last)).toBeGreaterThan(highest);
  await last.stop();
});

test.concurrent('after SIGTERM they go on exactly where they were', { timeout: 180_000 }, async () => {
  const directory = newDirectory();
  const first = await startIn(directory);
  const api = new ApiClient(first.http);
  for (let i = 0; i < 50; i++) await api.register('prod/orders/one', [`http://10.0.0.${i}:80`]);
  const { revision } = (await api.call('GET', '/api/v1/apps/prod/orders/one')).json as { revision: number };
  api.close();
  expect(await serialOf(first)).toBe(revision);
  await first.stop();
  const second = await startIn(directory);
  const serial = await serialOf(second);
  expect(serial).toBe(revision);
  await second.stop();
});

test.concurrent.each(['stop', 'kill'] as const)(
  'after %s DNS answers as before, with the same addresses',
  { timeout: 180_000 },
  async (end) => {
    const directory = newDirectory();
    const first = await startIn(directory);
    const api = new ApiClient(first.http);
    await api.register('prod/orders/one', ['http://10.0.0.1:80', 'grpc://[2001:db8::1]:90'], {
      metadata: { team: 'x' },
    });
    await api.register('prod/orders/two', ['http://10.0.0.2:80'], { status: 'waiting' });
    await api.register('prod/orders/three', ['http://10.0.0.3:80']);
    await api.cancel('prod/orders/three');
    api.close();
    const answersOf = async ({ dnsPort }: ServerProcess) => {
      const dns = await udpClient(dnsPort);
      const questions = [
        ['orders.prod.svc', 'A'],
        ['one.orders.prod.svc', 'TXT'],
        ['_grpc._tcp.orders.prod.svc', 'SRV'],
        ['1.0.0.10.in-addr.arpa', 'PTR'],
      ] as const;
      const replies = [];
      for (const [name, type] of questions) replies.push((await dns.ask(name, type)).answer.map(({ data }) => data));
      replies.push((await dns.ask('three.orders.prod.svc')).rcode);
      dns.close();
      return replies;
    };
    const before = await answersOf(first);
    expect(before[0]).toEqual(['10.0.0.1']);
    await first[end]();
    const second = await startIn(directory);
    expect(await answersOf(second)).toEqual(before);
    expect(second.logs().find(({ msg }) => msg === 'rollcall is ready')).toMatchObject({ restored: 2 });
    await second.stop();
  },
);

test.concurrent('a mark from the future is kept, a damaged one is reported and replaced', {
  timeout: 180_000,
}, async () => {
  const directory = newDirectory();
  const first = await startIn(directory);
  await first.stop();
  const path = join(directory, 'data', 'revision');
  writeFileSync(path, '3000000000\n');
  const second = await startIn(directory);
  expect(await serialOf(second)).toBeGreaterThanOrEqual(3_000_000_000);
  await second.stop();
  writeFileSync(path, 'what is this');
  const third = await startIn(directory);
  expect(third.output()).toContain(`${join('data', 'revision')} is damaged`);
  expect(await serialOf(third)).toBeGreaterThan(1_700_000_000);
  await third.stop();
  expect(readFileSync(path, 'utf8')).toMatch(/^\d+ \S+\n$/);
});

test.concurrent('damage that is met while a large database is read is mended, and every name is back', {
  timeout: 180_000,
}, async () => {
  const directory = newDirectory();
  const first = await startIn(directory);
  const api = new ApiClient(first.http);
  for (const name of ['a', 'b', 'c']) await api.register(`prod/orders/${name}`, ['http://10.0.0.7:80']);
  api.close();
  const serial = await serialOf(first);
  await first.stop();
  const database = new DatabaseSync(join(directory, 'data', 'rollcall.db'));
  // More than is checked before anything is read.
  database.exec('CREATE TABLE filling (octets BLOB); INSERT INTO filling VALUES (zeroblob(70000000))');
  database.exec("UPDATE instances SET registration = replace(registration, '10.0.0.7', '10.0.0.8') WHERE label = 'b'");
  database.close();
  const second = await startIn(directory);
  const dns = await udpClient(second.dnsPort);
  const { answer } = await dns.ask('b.orders.prod.svc', 'A');
  dns.close();
  expect(answer.map(({ data }) => data)).toEqual(['10.0.0.7']);
  expect(await serialOf(second)).toBeGreaterThan(serial);
  expect(second.output()).toMatch(/\b0 instances were lost, 3\b/);
});
