// The client against one etcd: lists, groups of swaps, the watch. What members and their failures do is in
// etcd-members.test.ts.

import { connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EtcdEngine } from '../../../src/cluster/etcd/etcd-engine.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { bytes, engineAt, Followed, followNow, good, swapOf, textOf } from '../../kit/cluster/etcd-client.ts';
import { until } from '../../kit/process/until.ts';

describe.skipIf(missingEtcd.length > 0)('one etcd', () => {
  let etcd: Etcd;
  let engine: EtcdEngine;

  beforeAll(async () => {
    etcd = await startEtcd();
    engine = engineAt(etcd.urls);
  });
  afterAll(async () => {
    engine.close();
    await etcd[Symbol.asyncDispose]();
  });

  async function put(prefix: string, count: number, value = 'v'): Promise<void> {
    for (let from = 0; from < count; from += 100) {
      const keys = Array.from({ length: Math.min(100, count - from) }, (_, index) => `${prefix}${from + index}`);
      await good(engine.swap({ swaps: [], puts: keys.map((key) => ({ key, value: bytes(value) })) }, 10_000));
    }
  }

  test('lists more keys than a page holds, all at one revision', async () => {
    await put('/pages/', 5100);
    const { entries, revision } = await good(engine.list('/pages/'));
    expect(new Set(entries.map(({ key }) => key)).size).toBe(5100);
    expect(entries.every(({ modRevision }) => modRevision <= revision)).toBe(true);
    const keysOnly = await good(engine.list('/pages/', { keysOnly: true }));
    expect(keysOnly.entries.length).toBe(5100);
    expect(keysOnly.entries.every(({ value }) => value.length === 0)).toBe(true);
  });

  test('a list leaves out what is below a prefix, at one revision', async () => {
    const paths = ['/parts/h/1', '/parts/l/1', '/parts/l/2', '/parts/l0', '/parts/n/1'];
    for (const path of paths) await etcd.put(path, '1');
    const { entries, revision } = await good(engine.list('/parts/', { except: 'l/' }));
    expect(entries.map(({ key }) => key)).toEqual(['/parts/h/1', '/parts/l0', '/parts/n/1']);
    expect(revision).toBe(await etcd.revision());
    expect((await good(engine.list('/parts/', { except: 'x/', keysOnly: true }))).entries.length).toBe(paths.length);
  });

  test('a prefix ends where it ends', async () => {
    await put('/ends/a', 1);
    await put('/ends0/a', 1);
    expect((await good(engine.list('/ends/'))).entries.map(({ key }) => key)).toEqual(['/ends/a0']);
  });

  test('each swap of a group has its own verdict', async () => {
    const first = await good(engine.swap({ swaps: [swapOf('/swap/a', '1')], puts: [] }, 5000));
    expect(first.verdicts).toEqual([{ verdict: 'won' }]);
    const swaps = [
      swapOf('/swap/a', '2', first.revision),
      swapOf('/swap/b', '2'),
      swapOf('/swap/c', '2', first.revision),
    ];
    const group = { swaps, puts: [{ key: '/swap/s', value: bytes('') }] };
    const second = await good(engine.swap(group, 5000));
    expect(second.verdicts).toEqual([{ verdict: 'won' }, { verdict: 'won' }, { verdict: 'lost', found: [] }]);
    const { entries } = await good(engine.list('/swap/'));
    expect(entries.map(({ key, modRevision }) => [key, modRevision])).toEqual(
      ['a', 'b', 's'].map((name) => [`/swap/${name}`, second.revision]),
    );
    const third = await good(engine.swap({ swaps: [swapOf('/swap/a', '3', first.revision)], puts: [] }, 5000));
    expect(third.verdicts).toMatchObject([{ verdict: 'lost', found: [{ key: '/swap/a' }] }]);
  });

  test('a hundred swaps with three writes each, and the serial, are one group', async () => {
    const swaps = Array.from({ length: 100 }, (_, index) => ({
      ...swapOf(`/hundred/i/${index}`, 'x'),
      writes: ['i', 'l', 'g'].map((kind) => ({ key: `/hundred/${kind}/${index}`, value: bytes('x') })),
    }));
    const reply = await good(engine.swap({ swaps, puts: [{ key: '/hundred/s', value: bytes('') }] }, 5000));
    expect(reply.verdicts.filter(({ verdict }) => verdict === 'won').length).toBe(100);
    expect(new Set((await good(engine.list('/hundred/'))).entries.map(({ modRevision }) => modRevision))).toEqual(
      new Set([reply.revision]),
    );
  });

  test('a removal takes its key and leaves its tombstone in one revision', async () => {
    const { revision } = await good(engine.swap({ swaps: [swapOf('/gone/i', '1')], puts: [] }, 5000));
    const followed = await followNow(engine, '/gone/');
    await followed.until('live');
    const removal = {
      ...swapOf('/gone/i', '', revision),
      writes: [{ key: '/gone/g', value: bytes('why') }, { key: '/gone/i' }],
    };
    await good(engine.swap({ swaps: [removal], puts: [] }, 5000));
    expect(await followed.until('group')).toMatchObject({
      events: [
        { kind: 'put', entry: { key: '/gone/g' } },
        { kind: 'delete', key: '/gone/i' },
      ],
    });
    followed.following.close();
  });

  test('a swap fenced by a session is lost without that session', async () => {
    await put('/fence/', 1);
    const swap = swapOf('/fence/new', '1');
    const fenced = { ...swap, conditions: [...swap.conditions, { key: '/fence/0', is: 'leased' as const, lease: 7n }] };
    const { verdicts } = await good(engine.swap({ swaps: [fenced], puts: [] }, 5000));
    expect(verdicts).toEqual([{ verdict: 'lost', found: [] }]);
  });

  test('two writes of one key are refused before they are sent', async () => {
    const before = await etcd.revision();
    const reply = await engine.swap({ swaps: [swapOf('/twice', '1'), swapOf('/twice', '2')], puts: [] }, 5000);
    expect(reply).toMatchObject({ fault: 'refused' });
    expect(await etcd.revision()).toBe(before);
  });

  test('a swap whose reply was lost is found by its own id when it is sent again', async () => {
    const lossy = await lossyProxy(Number(new URL(etcd.urls[0] as string).port));
    const through = engineAt([lossy.url]);
    await good(through.read('/lost'));
    lossy.holdReplies();
    const swapped = through.swap({ swaps: [swapOf('/lost', 'mine')], puts: [] }, 20_000);
    await until('the swap in etcd', async () => (await good(engine.read('/lost'))).entry !== undefined);
    lossy.dropConnections();
    expect((await good(swapped)).verdicts).toEqual([{ verdict: 'own-reply-lost' }]);
    through.close();
    lossy.close();
  });

  test('a watch hands on all changes of one revision together, and resumes at the next', async () => {
    const followed = await followNow(engine, '/watch/');
    await followed.until('live');
    await put('/watch/', 3, 'one');
    await put('/watch/', 1, 'two');
    await followed.untilSeen('/watch/0=two');
    expect(followed.events.filter(({ kind }) => kind === 'group').length).toBe(2);
    const at = followed.following.next;
    followed.following.close();
    await put('/watch/', 1, 'three');
    const { clusterId } = await good(engine.list('/watch/'));
    const again = new Followed(engine, '/watch/', { revision: at, clusterId });
    await again.untilSeen('/watch/0=three');
    expect(again.seen).toEqual(['/watch/0=three']);
    again.following.close();
  });

  test('a backlog of more than 4 MB arrives, in order', async () => {
    const { revision, clusterId } = await good(engine.list('/big/'));
    await put('/big/', 6000, 'x'.repeat(1000));
    const followed = new Followed(engine, '/big/', { revision: revision + 1, clusterId });
    await until('6000 events', () => followed.seen.length === 6000);
    expect(new Set(followed.seen).size).toBe(6000);
    const revisions = followed.events.flatMap((event) => (event.kind === 'group' ? [event.revision] : []));
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    followed.following.close();
  });

  test('a compaction while away ends the watch with the revision', async () => {
    const { revision, clusterId } = await good(engine.list('/compact/'));
    await put('/compact/', 1, 'a');
    await put('/compact/', 1, 'b');
    const compacted = await etcd.revision();
    await etcd.ask('kv/compaction', { revision: String(compacted) });
    const followed = new Followed(engine, '/compact/', { revision, clusterId });
    expect(await followed.until('compacted')).toEqual({ kind: 'compacted', compactRevision: compacted });
  });

  test('a revision that does not exist yet is another history', async () => {
    const { revision, clusterId } = await good(engine.list('/future/'));
    const followed = new Followed(engine, '/future/', { revision: revision + 1000, clusterId });
    expect(await followed.until('rewound')).toMatchObject({ clusterId });
    expect(followed.seen).toEqual([]);
  });

  test('so is another cluster', async () => {
    const { revision } = await good(engine.list('/other/'));
    const followed = new Followed(engine, '/other/', { revision: revision + 1, clusterId: 'abc' });
    await followed.until('rewound');
  });

  test('a quiet watch is known to live', async () => {
    const followed = await followNow(engine, '/quiet/');
    await followed.until('live');
    const heardMs = followed.following.heardMs;
    await until('a sign of life', () => followed.following.heardMs > heardMs);
    expect(followed.events.map(({ kind }) => kind)).toEqual(['live']);
    followed.following.close();
  });

  test('its status names version, size and alarms', async () => {
    expect(await good(engine.status())).toMatchObject({
      endpoint: etcd.urls[0],
      version: expect.stringMatching(/^3\.\d+\.\d+/),
      isOutOfSpace: false,
    });
    expect((await good(engine.status())).databaseOctets).toBeGreaterThan(0);
  });

  test('a value comes back octet for octet', async () => {
    await good(engine.swap({ swaps: [swapOf('/octets', 'grüße 🌍')], puts: [] }, 5000));
    const { entry } = await good(engine.read('/octets'));
    expect(textOf(entry?.value ?? bytes(''))).toBe('grüße 🌍');
    expect((await good(engine.read('/octets/none'))).entry).toBeUndefined();
  });
});

/** Between client and etcd: forwards requests, and replies unless they are to be held. */
async function lossyProxy(port: number) {
  const sockets = new Set<Socket>();
  let isHolding = false;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => upstream.write(chunk)).on('close', () => upstream.destroy());
    upstream.on('data', (chunk) => isHolding || client.write(chunk)).on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}`,
    holdReplies: () => {
      isHolding = true;
    },
    dropConnections: () => {
      isHolding = false;
      for (const socket of sockets) socket.destroy();
    },
    close: () => server.close(),
  };
}
