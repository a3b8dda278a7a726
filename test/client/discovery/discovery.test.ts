// Following an app: what the stream is asked for, how it is opened again, and what takes its place meanwhile.

import { expect, test } from 'vitest';
import { type DiscoverOptions, Discovery } from '../../../src/client/discovery/discovery.ts';
import { type DnsFinding, serviceName } from '../../../src/client/discovery/dns-fallback.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import {
  type Answer,
  FakeScheduler,
  FakeStream,
  fakeFetch,
  problem,
  turns,
} from '../../kit/client/client-scheduler.ts';

function document(instance: string): object {
  return { env: 'prod', appid: 'orders', instance, addrs: ['http://10.0.0.7:80'], leaseSeconds: 60 };
}

interface Knobs {
  readonly addresses?: readonly string[];
  readonly options?: DiscoverOptions;
  readonly finding?: () => DnsFinding;
}

/** The streams are given out in turn; where none is left, the registry is away. */
function worldOf(streams: readonly FakeStream[], { addresses = ['http://r1'], options = {}, finding }: Knobs = {}) {
  const scheduler = new FakeScheduler();
  const left = [...streams];
  const instead: Record<string, Answer> = {};
  const { fetch, asked } = fakeFetch(({ url }) => {
    const other = instead[new URL(url).origin];
    if (other !== undefined) return other;
    const stream = left.shift();
    return stream === undefined ? 'refused' : { stream };
  });
  const link = new RegistryLink({ addresses, fetch, scheduler, requestTimeoutMs: 10_000 });
  const dns = finding === undefined ? undefined : { servers: ['127.0.0.1:53'], origin: 'svc.' };
  let closed = 0;
  const discovery = new Discovery('prod', 'orders', options, {
    link,
    scheduler,
    random: () => 0.5,
    dns,
    askDns: async () => finding?.() ?? { kind: 'no-records' },
    onClose: () => closed++,
  });
  const heard: string[] = [];
  discovery.on('change', (endpoints) => heard.push(endpoints.map(({ instance }) => instance).join('+') || 'none'));
  discovery.on('source', (source) => heard.push(source));
  return { scheduler, discovery, asked, heard, left, instead, closed: () => closed };
}

async function begin(stream: FakeStream, ...ids: string[]): Promise<void> {
  await turns();
  await stream.send('snapshot', { env: 'prod', appid: 'orders', instances: ids.map(document) });
  await stream.send('synced', { revision: 7 }, 7);
}

test('asks for those that take traffic, narrowed as wanted, and emits what it receives', async () => {
  const stream = new FakeStream();
  const options = { port: 'http', zone: 'eu-1a', tags: ['canary', 'blue'] };
  const { discovery, asked, heard, closed, scheduler } = worldOf([stream], { options });
  let isReady = false;
  void discovery.ready().then(() => {
    isReady = true;
  });
  await turns();
  expect(new URL(asked[0]?.url ?? '').search).toBe(
    '?app=prod%2Forders&status=up&port=http&zone=eu-1a&tag=canary&tag=blue',
  );
  expect({ isReady, source: discovery.source }).toEqual({ isReady: false, source: 'none' });
  await begin(stream, 'a', 'b');
  await stream.send('cancelled', { matches: false, instance: 'a' }, 8);
  expect(isReady).toBe(true);
  expect(heard).toEqual(['registry', 'a+b', 'b']);
  expect(discovery.instances.map(({ instance }) => instance)).toEqual(['b']);
  await discovery.close();
  await turns();
  expect({ closed: closed(), timers: scheduler.waiting }).toEqual({ closed: 1, timers: 0 });
});

test('comes back with its place, to whichever address answers', async () => {
  const streams = [new FakeStream(), new FakeStream(), new FakeStream()] as const;
  const { discovery, asked, heard, scheduler, instead } = worldOf(streams, { addresses: ['http://r1', 'http://r2'] });
  await begin(streams[0], 'a');
  // Not an event, but a place.
  await streams[0].write(':\nid: 9\n\n');
  await streams[0].end();
  expect(discovery.source).toBe('last-known');
  await scheduler.pass(1000);
  await streams[1].send('synced', { revision: 9 }, 9);
  instead['http://r1'] = 'refused';
  await streams[1].end();
  await scheduler.pass(1000);
  await begin(streams[2], 'a', 'b');
  const places = asked.map(({ url, headers }) => [new URL(url).host, headers['last-event-id']]);
  expect(places).toEqual([
    ['r1', undefined],
    ['r1', '9'],
    ['r1', '9'],
    ['r2', '9'],
  ]);
  expect(heard).toEqual(['registry', 'a', 'last-known', 'registry', 'last-known', 'registry', 'a+b']);
  await discovery.close();
});

test('Retry-After is obeyed, where there is no other server', async () => {
  const streams = [new FakeStream(), new FakeStream()] as const;
  const { asked, scheduler, discovery } = worldOf(streams);
  await turns();
  await streams[0].write('retry: 4000\n\n');
  await begin(streams[0], 'a');
  await streams[0].end();
  await scheduler.pass(3999);
  expect(asked).toHaveLength(1);
  await scheduler.pass(2);
  expect(asked).toHaveLength(2);
  await discovery.close();
});

test('a stream that has gone silent is given up', async () => {
  const stream = new FakeStream();
  const { discovery, scheduler } = worldOf([stream]);
  const reasons: string[] = [];
  discovery.on('disconnected', (reason) => reasons.push(reason));
  await begin(stream, 'a');
  await scheduler.pass(30_000);
  await stream.write(':\n\n');
  await scheduler.pass(44_000);
  expect(discovery.source).toBe('registry');
  await scheduler.pass(1001);
  expect(reasons[0]).toBe('http://r1: the stream was silent for 45 s');
  expect({ source: discovery.source, isCancelled: stream.isCancelled }).toEqual({
    source: 'last-known',
    isCancelled: true,
  });
  expect(discovery.endpoints).toHaveLength(1);
  await discovery.close();
});

test('those whom a registry without memory misses go after half a lease', async () => {
  const streams = [new FakeStream(), new FakeStream()] as const;
  const { discovery, heard, scheduler } = worldOf(streams);
  await begin(streams[0], 'a', 'b', 'c');
  await streams[0].end();
  await scheduler.pass(1000);
  await streams[1].send('gap', { known: 7 });
  await begin(streams[1]);
  expect(discovery.endpoints).toHaveLength(3);
  await scheduler.pass(28_000);
  await streams[1].send('registered', { matches: true, instance: 'b', after: document('b') }, 10);
  await scheduler.pass(2500);
  expect(heard).toEqual(['registry', 'a+b+c', 'last-known', 'registry', 'b']);
  await discovery.close();
});

test('DNS is asked while the registry cannot be reached, and a name without records empties nothing', async () => {
  const found = {
    url: 'http://10.0.0.9:80',
    portName: 'http',
    protocol: 'tcp',
    host: '10.0.0.9',
    port: 80,
    instance: 'd',
  } as const;
  const endpoint = { ...found, zone: '', weight: 10, priority: 0, details: undefined };
  let finding: DnsFinding = { kind: 'no-records' };
  let asks = 0;
  const streams = [new FakeStream(), new FakeStream()] as const;
  const knobs = {
    options: { port: 'http' },
    finding: () => {
      asks++;
      return finding;
    },
  };
  const { discovery, heard, scheduler, left } = worldOf([streams[0]], knobs);
  await begin(streams[0], 'a');
  await streams[0].end();
  await scheduler.pass(4000);
  expect({ asks, source: discovery.source }).toEqual({ asks: 1, source: 'last-known' });
  finding = { kind: 'found', endpoints: [endpoint] };
  await scheduler.pass(1001);
  expect({ asks, source: discovery.source }).toEqual({ asks: 2, source: 'dns' });
  finding = { kind: 'failed', reason: 'timeout' };
  await scheduler.pass(5000);
  left.push(streams[1]);
  await scheduler.pass(16_000);
  await begin(streams[1], 'a', 'b');
  const before = asks;
  await scheduler.pass(20_000);
  expect(asks).toBe(before);
  expect(heard).toEqual(['registry', 'a', 'last-known', 'dns', 'd', 'registry', 'a+b']);
  await discovery.close();
});

test('a wrong name is refused, and a wait ends with its time, its signal or the end', async () => {
  const wrong = worldOf([]);
  wrong.instead['http://r1'] = problem(400, 'invalid-request', 'Cannot watch: app has an empty label.');
  const refused = expect(wrong.discovery.ready()).rejects.toMatchObject({ code: 'refused', status: 400 });
  await Promise.all([refused, wrong.scheduler.pass(1000)]);
  await wrong.discovery.close();

  const { discovery, scheduler } = worldOf([]);
  const late = discovery.ready({ timeoutMs: 500 });
  await Promise.all([
    expect(late).rejects.toThrow(/^Cannot discover prod\/orders: cannot reach rollcall .* \(after 500 ms\)$/),
    scheduler.pass(501),
  ]);
  const controller = new AbortController();
  const left = discovery.ready({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(left).rejects.toThrow('enough');
  const closed = discovery.ready();
  const rejected = expect(closed).rejects.toMatchObject({ code: 'closed' });
  await discovery.close();
  await rejected;
});

test('selectors narrow the name that DNS is asked for', () => {
  const subject = { env: 'prod', appid: 'com.acme.pay', port: 'grpc' };
  expect(serviceName(subject, 'svc.')).toBe('_grpc._tcp.com.acme.pay.prod.svc');
  expect(
    serviceName({ ...subject, version: '1.4.2', zone: 'eu-1a', group: 'blue', tags: ['x', 'y'] }, 'svc.example.'),
  ).toBe('_grpc._tcp.1.4.2._version.eu-1a._zone.blue._group.x._tag.y._tag.com.acme.pay.prod.svc.example');
});

test('is iterable: the endpoints as they are, then after each change, to its end', async () => {
  const stream = new FakeStream();
  const { discovery } = worldOf([stream]);
  const seen: string[] = [];
  const iterating = (async () => {
    for await (const endpoints of discovery) seen.push(endpoints.map(({ instance }) => instance).join('+'));
    seen.push('end');
  })();
  await begin(stream, 'a');
  await stream.send('registered', { matches: true, instance: 'b', after: document('b') }, 8);
  await turns();
  await discovery[Symbol.asyncDispose]();
  await iterating;
  expect(seen).toEqual(['a', 'a+b', 'end']);
});
