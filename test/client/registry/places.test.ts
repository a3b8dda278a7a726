// Host names with several addresses in DNS: each address is a place of its own.

import { expect, test } from 'vitest';
import type { HttpRequest } from '../../../src/client/registry/http-request.ts';
import { Places } from '../../../src/client/registry/places.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { FakeScheduler } from '../../kit/client/client-scheduler.ts';

function placesOf(addresses: string[], found: Record<string, string[]>) {
  const scheduler = new FakeScheduler();
  const asked: string[] = [];
  const places = new Places({
    addresses,
    scheduler,
    lookUp: async (host) => {
      asked.push(host);
      const ips = found[host];
      if (ips === undefined) throw new Error('ENOTFOUND');
      return ips;
    },
  });
  return { scheduler, places, asked, found };
}

test('a name with several addresses is as many places; what has one, or is one, is left as it is', async () => {
  const { places, asked } = placesOf(['http://cluster:7171', 'http://single:7171', 'http://10.0.0.9:7171'], {
    cluster: ['10.0.0.1', '10.0.0.2'],
    single: ['10.0.0.3', 'fd00::3'],
  });
  await places.refresh();
  expect(places.known.map(({ address, connectTo }) => [address, connectTo])).toEqual([
    ['http://cluster:7171', '10.0.0.1'],
    ['http://cluster:7171', '10.0.0.2'],
    ['http://single:7171', undefined],
    ['http://10.0.0.9:7171', undefined],
  ]);
  expect(asked).toEqual(['cluster', 'single']);
});

test('names are looked up again after half a minute, and what was found stays while that fails', async () => {
  const { places, asked, found, scheduler } = placesOf(['http://cluster:7171'], { cluster: ['10.0.0.1', '10.0.0.2'] });
  await places.refresh();
  expect(places.refresh()).toBeUndefined();
  await scheduler.pass(30_000);
  delete found['cluster'];
  await places.refresh();
  expect(places.known).toHaveLength(2);
  await scheduler.pass(30_000);
  found['cluster'] = ['10.0.0.2', '10.0.0.4'];
  await places.refresh();
  expect(places.known.map(({ connectTo }) => connectTo)).toEqual(['10.0.0.2', '10.0.0.4']);
  expect(asked).toHaveLength(3);
});

test('a node of the name that does not answer is left for the next one', async () => {
  const scheduler = new FakeScheduler();
  const connected: (string | undefined)[] = [];
  const fetch = async (_url: string, { connectTo }: HttpRequest) => {
    connected.push(connectTo);
    if (connectTo === '10.0.0.1') throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    return new Response('{}');
  };
  const lookUp = async () => ['10.0.0.1', '10.0.0.2'];
  const link = new RegistryLink({
    addresses: ['http://cluster:7171'],
    lookUp,
    fetch,
    scheduler,
    requestTimeoutMs: 1000,
  });
  const never = new AbortController().signal;
  expect(await link.call({ path: '/x' }, never)).toMatchObject({ kind: 'done' });
  expect(await link.call({ path: '/x' }, never)).toMatchObject({ kind: 'done' });
  expect(connected).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.2']);
});
