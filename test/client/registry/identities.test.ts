// Which registry an address belongs to, by the identity in its replies, and which addresses are used because of it.

import { expect, test } from 'vitest';
import { followEvents } from '../../../src/client/registry/event-stream.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { type Answer, FakeScheduler, FakeStream, fakeFetch, turns } from '../../kit/client/client-scheduler.ts';

const never = new AbortController().signal;

interface Node {
  /** Undefined: an earlier version, which sends none. */
  registry?: string | undefined;
  isAway?: boolean;
}

function worldOf(nodes: Record<string, Node>) {
  const scheduler = new FakeScheduler();
  const { fetch, asked } = fakeFetch(({ url }): Answer => {
    const { registry, isAway = false } = nodes[new URL(url).host] as Node;
    if (isAway) return 'refused';
    return { status: 200, document: {}, headers: registry === undefined ? {} : { 'rollcall-registry': registry } };
  });
  const others: string[] = [];
  const link = new RegistryLink({
    addresses: Object.keys(nodes).map((host) => `http://${host}`),
    fetch,
    scheduler,
    requestTimeoutMs: 1000,
    onOtherRegistry: (text) => others.push(text),
  });
  const put = async () => {
    const reply = await link.call({ method: 'PUT', path: '/x' }, never);
    await turns();
    return reply;
  };
  const writes = () => asked.filter(({ method }) => method === 'PUT').map(({ url }) => new URL(url).host);
  return { scheduler, link, nodes, asked, others, put, writes };
}

test('nodes of one cluster take the place of each other', async () => {
  const { put, writes, nodes, others } = worldOf({ n1: { registry: 'one' }, n2: { registry: 'one' } });
  await put();
  nodes['n1'] = { isAway: true };
  expect(await put()).toMatchObject({ kind: 'done' });
  expect(writes()).toEqual(['n1', 'n1', 'n2']);
  expect(others).toEqual([]);
});

test('a registry of its own is named at the first reply of the other, and never written to', async () => {
  const { put, writes, nodes, others } = worldOf({ n1: { registry: 'one' }, n2: { registry: 'two' } });
  await put();
  expect(others).toHaveLength(1);
  expect(others[0]).toMatch(/n2.*two.*n1.*one/);
  nodes['n1'] = { isAway: true };
  expect(await put()).toMatchObject({ kind: 'unreachable', isUnapplied: true });
  expect(writes()).toEqual(['n1', 'n1']);
  expect(others).toHaveLength(1);
});

test('one that was away when the others were compared is asked before it is used', async () => {
  const { put, writes, nodes, others } = worldOf({ n1: { registry: 'one' }, n2: { registry: 'two', isAway: true } });
  await put();
  expect(others).toEqual([]);
  nodes['n2'] = { registry: 'two' };
  nodes['n1'] = { isAway: true };
  await put();
  expect(others).toHaveLength(1);
  expect(writes()).toEqual(['n1', 'n1']);
});

test('one that has joined the cluster since is used a minute later', async () => {
  const { put, writes, nodes, scheduler } = worldOf({ n1: { registry: 'one' }, n2: { registry: 'two' } });
  await put();
  nodes['n2'] = { registry: 'one' };
  nodes['n1'] = { isAway: true };
  expect(await put()).toMatchObject({ kind: 'unreachable' });
  await scheduler.pass(61_000);
  expect(await put()).toMatchObject({ kind: 'done' });
  expect(writes().at(-1)).toBe('n2');
});

test('a registry that keeps nothing and was started again stays in use', async () => {
  const { put, nodes, others } = worldOf({ n1: { registry: 'one' }, n2: { registry: 'other', isAway: true } });
  await put();
  nodes['n1'] = { registry: 'new' };
  expect(await put()).toMatchObject({ kind: 'done' });
  expect(await put()).toMatchObject({ kind: 'done' });
  expect(others).toEqual([]);
});

test('a version that sends no identity is taken for a node of the same registry', async () => {
  const { put, nodes, writes } = worldOf({ n1: { registry: 'one' }, n2: {} });
  await put();
  nodes['n1'] = { isAway: true };
  expect(await put()).toMatchObject({ kind: 'done' });
  expect(writes().at(-1)).toBe('n2');
});

test('a watch goes on at the next node with its position', async () => {
  const scheduler = new FakeScheduler();
  const streams = { n1: new FakeStream(), n2: new FakeStream() };
  let isAway = false;
  const { fetch, asked } = fakeFetch(({ url }) => {
    const host = new URL(url).host as 'n1' | 'n2';
    return host === 'n1' && isAway ? 'refused' : { stream: streams[host] };
  });
  const link = new RegistryLink({
    ...{ addresses: ['http://n1', 'http://n2'], fetch, scheduler, requestTimeoutMs: 1000 },
  });
  const stop = new AbortController();
  const kinds: string[] = [];
  const reading = (async () => {
    for await (const item of followEvents('/w', { link, scheduler, random: () => 0.5 }, stop.signal))
      kinds.push(item.kind === 'event' ? item.event : item.kind);
  })();
  await turns();
  await streams.n1.write('id: life-7\nevent: registered\ndata: {}\n\n');
  isAway = true;
  await streams.n1.end();
  await scheduler.pass(1000);
  await streams.n2.write('id: life-8\nevent: updated\ndata: {}\n\n');
  expect(kinds).toEqual(['connected', 'registered', 'disconnected', 'connected', 'updated']);
  const last = asked.at(-1);
  expect([new URL(last?.url ?? '').host, last?.headers['last-event-id']]).toEqual(['n2', 'life-7']);
  stop.abort();
  await scheduler.pass(0);
  await reading;
});
