// Entity tags, long-poll indexes and event ids that clients have kept over a restart: with the data folder they go on being
// right, without it none of them is taken for one of the new life. The numbers of both lives are alike: the second one
// begins with the seconds of the clock, as the first did.

import { afterAll, describe, expect, test } from 'vitest';
import { patientFetch } from '../kit/http/api-client.ts';
import { EventStreamClient } from '../kit/http/event-stream.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

const directories: string[] = [];
const servers: ServerProcess[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  for (const directory of directories) removeScratch(directory);
});

async function startIn(directory: string, data: string): Promise<ServerProcess> {
  const server = await startServer({ directory, data });
  servers.push(server);
  return server;
}

const apps = (server: ServerProcess, path: string) => `${server.http}/api/v1/apps/prod/${path}`;

async function put(server: ServerProcess, path: string, addr = 'http://10.0.0.7:80'): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ addrs: [addr], leaseSeconds: 600 });
  const reply = await patientFetch(apps(server, path), { method: 'PUT', headers, body });
  expect(reply.status).toBeLessThan(300);
  await reply.arrayBuffer();
}

async function list(server: ServerProcess, app: string, query = '', headers: Record<string, string> = {}) {
  const reply = await patientFetch(`${apps(server, app)}${query}`, { headers });
  const text = await reply.text();
  const document = (text === '' ? {} : JSON.parse(text)) as { instances?: unknown[] };
  const index = reply.headers.get('x-rollcall-index') ?? '';
  return { status: reply.status, etag: reply.headers.get('etag') ?? '', index, size: document.instances?.length };
}

/** Far longer than the test may take: an answer is one that did not wait. */
const poll = (index: string) => `?wait=5m&index=${index}`;

interface Kept {
  readonly etag: string;
  readonly tagOfInstance: string;
  readonly index: string;
  readonly indexOfGone: string;
  readonly indexOfNever: string;
  readonly lastEventId: string;
}

/** `orders` stays; the last instance of `gone` leaves after its index was read. */
async function firstLife(server: ServerProcess): Promise<Kept> {
  await put(server, 'orders/a1');
  await put(server, 'gone/a1');
  const { index: indexOfGone } = await list(server, 'gone');
  const { index: indexOfNever } = await list(server, 'never');
  await patientFetch(apps(server, 'gone/a1'), { method: 'DELETE' }).then((reply) => reply.arrayBuffer());
  const stream = await EventStreamClient.open(`${server.http}/api/v1/watch?env=prod`);
  const { id: lastEventId } = await stream.until('synced');
  stream.close();
  const { etag, index } = await list(server, 'orders');
  const { etag: tagOfInstance } = await list(server, 'orders/a1');
  return { etag, tagOfInstance, index, indexOfGone, indexOfNever, lastEventId };
}

async function secondLife(directory: string, data: [before: string, after: string]) {
  const first = await startIn(directory, data[0]);
  const kept = await firstLife(first);
  await first.stop();
  return { kept, server: await startIn(directory, data[1]) };
}

function newDirectory(): string {
  const directory = scratch();
  directories.push(directory);
  return directory;
}

/** The kinds of events that a client hears that resumes, until it knows that its state is complete. */
async function resumed(server: ServerProcess, lastEventId: string): Promise<string[]> {
  const stream = await EventStreamClient.open(`${server.http}/api/v1/watch?env=prod`, { lastEventId });
  await stream.until('synced');
  stream.close();
  return stream.kinds;
}

describe('with the data folder of before', { timeout: 120_000 }, () => {
  test('an instance\u2019s tag and an event id go on; an app that has emptied meanwhile is answered at once', async () => {
    const { kept, server } = await secondLife(newDirectory(), ['data', 'data']);
    expect((await list(server, 'orders/a1', '', { 'if-none-match': kept.tagOfInstance })).status).toBe(304);
    expect(await list(server, 'gone', poll(kept.indexOfGone))).toMatchObject({ status: 200, size: 0 });
    // Whether an instance of it has left before the restart is not known any more: it counts as changed.
    const { index } = await list(server, 'orders', poll(kept.index));
    const waiting = list(server, 'orders', poll(index));
    await put(server, 'orders/a2', 'http://10.0.0.8:80');
    expect(await waiting).toMatchObject({ status: 200, size: 2 });
    const kinds = await resumed(server, kept.lastEventId);
    expect(kinds).not.toContain('gap');
    expect(kinds.filter((kind) => kind !== 'synced')).toEqual(['registered']);
  });
});

describe.each<[string, [string, string]]>([
  ['with another data folder', ['data', 'fresh']],
  ['without data', ['none', 'none']],
])('%s', { timeout: 120_000 }, (_, data) => {
  test('none of them is taken for one of this life, though the same app is there again', async () => {
    const { kept, server } = await secondLife(newDirectory(), data);
    await put(server, 'orders/a1', 'http://10.9.9.9:80');
    const found = await list(server, 'orders', '', { 'if-none-match': kept.etag });
    expect(found).toMatchObject({ status: 200, size: 1 });
    expect(found.etag).not.toBe(kept.etag);
    expect((await list(server, 'orders/a1', '', { 'if-none-match': kept.tagOfInstance })).status).toBe(200);
    for (const [app, index] of [
      ['orders', kept.index],
      ['gone', kept.indexOfGone],
      ['never', kept.indexOfNever],
    ] as const)
      expect((await list(server, app, poll(index))).status).toBe(200);
    expect(await resumed(server, kept.lastEventId)).toEqual(['gap', 'snapshot', 'synced']);
  });
});
