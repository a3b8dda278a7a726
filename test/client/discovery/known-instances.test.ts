// What is known of an app after each event: snapshots that take effect when they are whole, changes, gaps, lost memory.

import { expect, test } from 'vitest';
import { endpointsOf, type Instance, instanceOf } from '../../../src/client/discovery/instance.ts';
import { KnownInstances } from '../../../src/client/discovery/known-instances.ts';

function document(instance: string, fields: object = {}): object {
  return { env: 'prod', appid: 'orders', instance, addrs: ['http://10.0.0.7:80'], leaseSeconds: 60, ...fields };
}

class World {
  readonly known = new KnownInstances();
  nowMs = 0;

  snapshot(...ids: string[]): this {
    this.known.apply('snapshot', { instances: ids.map((id) => document(id)) }, this.nowMs);
    return this;
  }

  synced(): string[] {
    this.known.apply('synced', { revision: 1 }, this.nowMs);
    return this.ids;
  }

  gap(): this {
    this.known.apply('gap', {}, this.nowMs);
    return this;
  }

  change(instance: string, matches: boolean): string[] {
    this.known.apply('updated', { matches, instance, after: matches ? document(instance) : undefined }, this.nowMs);
    return this.ids;
  }

  get ids(): string[] {
    return this.known.list.map(({ instance }) => instance);
  }
}

test('a snapshot counts when it is whole, a change at once', () => {
  const world = new World();
  expect(world.snapshot('a', 'b').ids).toEqual([]);
  expect(world.synced()).toEqual(['a', 'b']);
  expect(world.change('c', true)).toEqual(['a', 'b', 'c']);
  expect(world.change('a', false)).toEqual(['b', 'c']);
});

test('after a gap the last state stands until the new one is whole, changes within it included', () => {
  const world = new World();
  world.snapshot('a', 'b', 'c').synced();
  expect(world.gap().snapshot('a', 'b').ids).toEqual(['a', 'b', 'c']);
  expect(world.change('b', false)).toEqual(['a', 'c']);
  expect(world.change('d', true)).toEqual(['a', 'c', 'd']);
  expect(world.synced()).toEqual(['a', 'd']);
});

test('a stream that breaks off within its snapshot leaves what was known', () => {
  const world = new World();
  world.snapshot('a', 'b').synced();
  world.gap().snapshot('a');
  world.known.markDisconnected();
  expect(world.synced()).toEqual(['a', 'b']);
});

test('a registry that has lost its memory empties nothing until half a lease has passed', () => {
  const world = new World();
  world.snapshot('a', 'b', 'c').synced();
  world.nowMs = 10_000;
  expect(world.gap().snapshot().synced()).toEqual(['a', 'b', 'c']);
  expect(world.known.nextExpiryMs).toBe(40_000);
  expect(world.change('b', true)).toEqual(['a', 'b', 'c']);
  // News of a kept instance counts.
  expect(world.change('c', false)).toEqual(['a', 'b']);
  expect(world.known.expire(39_999)).toBe(false);
  expect(world.known.expire(40_000)).toBe(true);
  expect(world.ids).toEqual(['b']);
  expect(world.known.nextExpiryMs).toBeUndefined();
});

test('a second gap gives no instance more time, and a smaller loss is believed', () => {
  const world = new World();
  world.snapshot('a', 'b', 'c').synced();
  world.gap().snapshot().synced();
  world.nowMs = 20_000;
  expect(world.gap().snapshot('a').synced()).toEqual(['a', 'b', 'c']);
  expect(world.known.nextExpiryMs).toBe(30_000);
  expect(world.gap().snapshot('a', 'b').synced()).toEqual(['a', 'b']);
  expect(world.known.nextExpiryMs).toBeUndefined();
});

test('what is no instance is left out, and what is missing in one has its default', () => {
  const world = new World();
  world.known.apply('snapshot', { instances: [null, 7, {}, document('x', { addrs: 'http' }), document('y')] }, 0);
  expect(world.synced()).toEqual(['y']);
  expect(instanceOf(document('z', { weight: -1, tags: ['t', 7], metadata: { a: 'b', c: 1 } }))).toMatchObject({
    weight: 10,
    priority: 0,
    tags: ['t'],
    metadata: { a: 'b' },
  });
});

test('a lease that no registry grants is cut to the longest there is', () => {
  expect(instanceOf(document('a', { leaseSeconds: 1e300 }))?.leaseSeconds).toBe(86_400);
});

test('endpoints are those of the port that is named, or the first address', () => {
  const addrs = ['http://10.0.0.7:80', 'dns+udp://[2001:db8::7]:53', 'http://web.example:81', 'nonsense'];
  const instance = instanceOf(document('a', { addrs, zone: 'eu-1a' })) as Instance;
  const short = (portName?: string) =>
    endpointsOf(instance, portName).map(({ url, host, port, protocol }) => [url, host, port, protocol]);
  expect(short()).toEqual([['http://10.0.0.7:80', '10.0.0.7', 80, 'tcp']]);
  expect(short('http')).toEqual([
    ['http://10.0.0.7:80', '10.0.0.7', 80, 'tcp'],
    ['http://web.example:81', 'web.example', 81, 'tcp'],
  ]);
  expect(short('dns')).toEqual([['dns://[2001:db8::7]:53', '2001:db8::7', 53, 'udp']]);
  expect(short('grpc')).toEqual([]);
});
