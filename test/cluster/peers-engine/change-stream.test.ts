// A node follows another one's changes over the peer link: from where it was, or from the beginning where the numbers are of
// another life, and it receives everything in order.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { PeerServer } from '../../../src/cluster/peer-link/peer-server.ts';
import { ChangeFeed } from '../../../src/cluster/peers-engine/change-feed.ts';
import { ChangeFollower, readStream } from '../../../src/cluster/peers-engine/change-follower.ts';
import { parseLine, type StreamHead } from '../../../src/cluster/peers-engine/changes-lines.ts';
import { StoreNode } from '../../kit/cluster/shared-stores.ts';
import { until } from '../../kit/process/until.ts';

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const holder = { run: 'y', url: 'http://10.0.0.9:7172', version: '1', startedAtMs: 1, dns: undefined };
const credentials = { token: 'a secret of sixteen', tls: undefined };

async function serve(node: StoreNode, life: () => string, occupied: readonly string[] = []) {
  const feed = new ChangeFeed({
    ...{ store: node.store, me: node.name },
    head: () => ({
      node: node.name,
      life: life(),
      run: 'r',
      url: 'http://127.0.0.1:1',
      version: '1',
      startedAtMs: 1,
      dns: undefined,
    }),
    holderOf: (name) => (occupied.includes(name) ? holder : undefined),
    onReader: () => {},
  });
  node.onGroup = () => feed.wake();
  const server = new PeerServer(
    credentials,
    () => undefined,
    (query, response) => void feed.serve(query, response),
  );
  const port = await server.listen('127.0.0.1', 0);
  opened.push(() => server.close());
  return `http://127.0.0.1:${String(port)}`;
}

function follow(url: string, into: StoreNode) {
  const seen = { heads: [] as StreamHead[], ats: [] as number[], ends: [] as string[], entries: 0 };
  const follower = new ChangeFollower({
    ...{ url, me: into.name, run: 'x', credentials, nowMs: () => 0 },
    onHead: (head) => seen.heads.push(head) > 0,
    onEntry: ({ path, kept }) => {
      seen.entries++;
      into.store.merge(path, kept);
    },
    onBad: () => {},
    onAt: (_head, revision) => void seen.ats.push(revision),
    onEnd: ({ kind }) => void seen.ends.push(kind),
  });
  opened.push(() => follower.close());
  return { follower, seen };
}

test('what one node has and what it changes is at the other, what a third wrote only at first', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new StoreNode(name)) as [StoreNode, StoreNode, StoreNode];
  c.register('i/prod/orders/of-c', 'http://10.0.0.3:80');
  a.hear(c);
  a.register('i/prod/orders/o1', 'http://10.0.0.1:80');
  const { seen } = follow(await serve(a, () => 'L'), b);
  await until('everything is there', () => b.shared()['i/prod/orders/of-c'] !== undefined && seen.ats.length > 0);
  expect(seen.heads).toMatchObject([{ node: 'a', isGap: true }]);
  expect(b.shared()).toEqual(a.shared());
  c.change('i/prod/orders/of-c', () => ({ r: { addrs: ['http://10.0.0.4:80'] } }));
  a.hear(c);
  a.register('i/prod/orders/o2', 'http://10.0.0.2:80');
  await until('the next is there', () => b.record('i/prod/orders/o2') !== undefined);
  expect(b.record('i/prod/orders/of-c')?.r.addrs).toEqual(['http://10.0.0.3:80']);
});

test('a reader goes on from where it was, and begins anew where the numbers are of another life', async () => {
  const [a, b] = [new StoreNode('a'), new StoreNode('b')];
  a.register('i/prod/orders/o1', 'http://10.0.0.1:80');
  const url = await serve(a, () => 'L');
  const read = async (query: Record<string, string>) => {
    const lines: string[] = [];
    const stop = new AbortController();
    await readStream(
      { url, credentials, query: { owner: 'self', node: 'b', run: 'x', ...query }, signal: stop.signal },
      (line) => {
        lines.push(line.kind === 'head' ? `gap ${line.head.isGap}` : line.kind === 'entry' ? line.path : line.kind);
        return line.kind !== 'at';
      },
    );
    return lines;
  };
  const from = String(a.store.revision);
  expect(await read({})).toEqual(['gap true', 'i/prod/orders/o1', 'at']);
  expect(await read({ life: 'L', from })).toEqual(['gap false', 'at']);
  a.remove('i/prod/orders/o1', 'cancelled');
  expect(await read({ life: 'L', from })).toEqual(['gap false', 'i/prod/orders/o1', 'at']);
  expect(await read({ life: 'M', from })).toEqual(['gap true', 'i/prod/orders/o1', 'at']);
  expect(await read({ life: 'L', from: String(a.store.revision + 1) })).toEqual(['gap true', 'i/prod/orders/o1', 'at']);
  // What another one wrote, and then the end.
  b.hear(a);
  expect(await read({ owner: 'b' })).toEqual(['gap false', 'at']);
  expect(await read({ owner: 'a' })).toEqual(['gap false', 'i/prod/orders/o1', 'at']);
});

test('who does not show the token, or has a name that is taken, is refused', async () => {
  const a = new StoreNode('a');
  const url = await serve(a, () => 'L', ['b']);
  const { signal } = new AbortController();
  const query = { owner: 'self', node: 'b', run: 'x' };
  expect(await readStream({ url, credentials, query, signal }, () => true)).toMatchObject({
    kind: 'occupied',
    holder: { url: holder.url },
  });
  const unknown = { token: undefined, tls: undefined };
  expect(await readStream({ url, credentials: unknown, query, signal }, () => true)).toMatchObject({ kind: 'broken' });
  const nameless = await fetch(`${url}/peer/v1/changes`, { headers: { authorization: `Bearer ${credentials.token}` } });
  expect(nameless.status).toBe(400);
});

test('a follower tries again, and goes on where it was', async () => {
  const [a, b] = [new StoreNode('a'), new StoreNode('b')];
  a.register('i/prod/orders/o1', 'http://10.0.0.1:80');
  const { seen, follower } = follow(await serve(a, () => 'L'), b);
  await until('it follows', () => follower.isLive);
  const entries = seen.entries;
  await opened[0]?.();
  await until('it is broken', () => !follower.isLive && seen.ends.length > 0);
  expect(seen.entries).toBe(entries);
});

test('a stream that is none of this version breaks, and hides nothing that came before', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200);
    response.write('{"head":{"node":"a","life":"L","run":"r","url":"http://a:1","version":"1","startedAtMs":1}}\n');
    response.write('no json\n{"k":"i/prod/orders/o1","v":{}}\n{"at":7}\n');
    response.end('x'.repeat(300_000));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => void server.close());
  const kinds: string[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { signal } = new AbortController();
  const end = await readStream({ url, credentials, query: {}, signal }, (line) => kinds.push(line.kind) > 0);
  expect(kinds).toEqual(['head', 'bad', 'bad', 'at']);
  expect(end.kind).toBe('broken');
});

test.each([
  ['', 'is no JSON'],
  ['[]', 'is no JSON object'],
  ['{"k":7}', 'is no line of this version'],
  ['{"k":"n/a","v":{}}', 'is no key of an instance'],
  ['{"k":"i/prod/orders/o1","v":{"w":"a;1,1,a"}}', 'has no stamps that can be read'],
  ['{"head":{"node":"no node","life":"L"}}', 'has no node that can be read'],
])('a line %j cannot be read', (text, problem) => {
  expect(parseLine(text)).toMatchObject({ kind: 'bad', problem });
});
