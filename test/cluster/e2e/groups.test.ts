// Changes that share a transaction of etcd's: each has a number of its own, the same at every node, whether it watched or
// listed, so that a watch that changes nodes in the middle of a group misses nothing and repeats nothing.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, ClusterWorld, serialAt } from '../../kit/cluster/cluster-world.ts';
import { base64, type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { EventStreamClient } from '../../kit/http/event-stream.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const app = '/apps/prod/crowd';
const crowd = Array.from({ length: 40 }, (_, index) => `c-${index}`);

interface Kept {
  readonly instance: string;
  readonly revision: number;
  readonly place: number;
}

/** The records in etcd, by revision and place. */
async function keptIn(etcd: Etcd): Promise<Kept[]> {
  const prefix = '/rollcall/main/i/prod/crowd/';
  const reply = await etcd.ask('kv/range', { key: base64(prefix), range_end: base64(prefix.replace(/\/$/, '0')) });
  const kvs = (reply.kvs ?? []) as readonly { readonly value: string; readonly mod_revision: string }[];
  const kept = kvs.map(({ value, mod_revision }) => {
    const { n, x = 0 } = JSON.parse(Buffer.from(value, 'base64').toString()) as { n: string; x?: number };
    return { instance: n, revision: Number(mod_revision), place: x };
  });
  return kept.sort((a, b) => a.revision - b.revision || a.place - b.place);
}

describe.skipIf(missingEtcd.length > 0)('changes that share a transaction', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  let n1: ServerProcess;
  let n2: ServerProcess;
  const streams: EventStreamClient[] = [];
  const follow = (node: ServerProcess, lastEventId: string): EventStreamClient => {
    const stream = new EventStreamClient(`${node.http}/api/v1/watch?app=prod/crowd`, { lastEventId });
    streams.push(stream);
    return stream;
  };
  const seenBy = (stream: EventStreamClient) =>
    stream.events
      .filter(({ data }) => data['instance'] !== undefined)
      .map(({ id, data }) => ({ id, instance: data['instance'] as string }));

  beforeAll(async () => {
    etcd = await startEtcd();
    world = new ClusterWorld(etcd.urls, 'main');
    n1 = await world.start('n1');
    n2 = await world.start('n2');
  });
  afterAll(async () => {
    for (const stream of streams) stream.close();
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  test('have numbers of their own, in which a watch may change nodes anywhere', async () => {
    const start = (await api(n1, 'GET', app)).index ?? '';
    const [here, there] = [follow(n1, start), follow(n2, start)];
    await Promise.all(
      crowd.map((one, index) => api(n1, 'PUT', `${app}/${one}`, { addrs: [`http://10.0.0.${index + 1}:80`] })),
    );
    for (const stream of [here, there]) await until('the watch has all', () => seenBy(stream).length === crowd.length);
    const kept = await keptIn(etcd);
    expect(new Set(kept.map(({ revision }) => revision)).size).toBeLessThan(crowd.length);
    // In the order of etcd, at both nodes, each with an id of its own.
    expect(seenBy(here).map(({ instance }) => instance)).toEqual(kept.map(({ instance }) => instance));
    expect(seenBy(there)).toEqual(seenBy(here));
    expect(new Set(seenBy(here).map(({ id }) => id)).size).toBe(crowd.length);

    const inGroup = kept.findIndex(({ revision }, index) => revision === kept[index + 1]?.revision);
    const moved = follow(n2, seenBy(here)[inGroup]?.id ?? '');
    await until('the rest has come', () => seenBy(moved).length >= crowd.length - inGroup - 1);
    expect(seenBy(moved)).toEqual(seenBy(here).slice(inGroup + 1));
  });

  test('are distinguished by If-Match at every node', async () => {
    const kept = await keptIn(etcd);
    const at = kept.findIndex(({ revision }, index) => revision === kept[index + 1]?.revision);
    const [first, second] = [kept[at]?.instance ?? '', kept[at + 1]?.instance ?? ''];
    const tags = await Promise.all(
      [first, second].map(async (one) => (await api(n1, 'GET', `${app}/${one}`)).etag ?? ''),
    );
    const patch = (instance: string, tag: string | undefined) =>
      fetch(`${n2.http}/api/v1${app}/${instance}`, {
        method: 'PATCH',
        body: '{"weight":7}',
        headers: { 'content-type': 'application/json', 'if-match': tag ?? '' },
      });
    expect((await patch(first, tags[1])).status).toBe(412);
    const both = await Promise.all([patch(first, tags[0]), patch(second, tags[1])]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await patch(second, tags[1])).status).toBe(412);
  });

  test('have the same numbers at a node that lists later', async () => {
    await Promise.all(crowd.slice(0, 10).map((one) => api(n2, 'DELETE', `${app}/${one}`)));
    const n3 = await world.start('n3');
    const left = crowd.slice(10);
    const tagsAt = (node: ServerProcess) =>
      Promise.all(left.map(async (one) => (await api(node, 'GET', `${app}/${one}`)).etag));
    await until('one serial at all', async () => {
      const serials = await Promise.all([n1, n2, n3].map(serialAt));
      return new Set(serials).size === 1;
    });
    const [tags, ...others] = await Promise.all([n1, n2, n3].map(tagsAt));
    expect(new Set(tags).size).toBe(left.length);
    expect(others).toEqual([tags, tags]);
  });
});
