// What a node follows: the history of etcd that it knows, and no other one, however far the other one has come.

import { describe, expect, test } from 'vitest';
import type { Engine, Entry, FollowEvent } from '../../../src/cluster/engine.ts';
import { type Meta, metaText } from '../../../src/cluster/records/epoch.ts';
import { Follower, type FollowerDeps } from '../../../src/cluster/replica/follower.ts';

const prefix = '/rollcall/main/';
const known: Meta = { life: 'L', incarnation: 'first', bases: [{ from: 1, base: 1000 }], unknown: {} };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function metaEntry(incarnation: string, modRevision: number): Entry {
  const value = new TextEncoder().encode(metaText({ ...known, incarnation }));
  return { key: `${prefix}meta`, value, createRevision: 1, modRevision, version: 1, lease: 0n } as Entry;
}

class World {
  readonly heard: string[] = [];
  meta: Entry | undefined | { readonly fault: 'unavailable'; readonly detail: string; readonly sent: boolean } =
    metaEntry('first', 5);
  send: (event: FollowEvent) => void = () => {};
  readonly follower: Follower;

  constructor() {
    const engine: Pick<Engine, 'read' | 'follow'> = {
      read: async () =>
        this.meta !== undefined && 'fault' in this.meta
          ? this.meta
          : { entry: this.meta, revision: 900, clusterId: 'c' },
      follow: (_prefix, from, onEvent) => {
        this.heard.push(`follows from ${from.revision}`);
        this.send = onEvent;
        return { next: from.revision, heardMs: 0, close: () => this.heard.push('follows no more') };
      },
    };
    this.follower = new Follower({
      engine,
      prefix,
      replica: { meta: known, applied: 100, group: (revision: number) => this.heard.push(`applies ${revision}`) },
      membership: {
        follow: () => {},
        setLive: (isLive: boolean) => this.heard.push(isLive ? 'live' : 'not live'),
        rewound: () => this.heard.push('rewound'),
        restored: () => this.heard.push('restored'),
      },
      clock: { monotonicMs: () => 0, wallMs: () => 0 },
      log: () => {},
      onGap: () => {},
      copy: undefined,
      rewound: async () => ({ revision: 950, clusterId: 'c' }),
    } as object as FollowerDeps);
    this.follower.follow({ revision: 100, clusterId: 'c' });
  }

  async settle(): Promise<string[]> {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return this.heard.splice(0);
  }
}

describe('a watch that is open again', () => {
  test('goes on where the incarnation is the one that was followed', async () => {
    const world = new World();
    world.send({ kind: 'live', revision: 100 });
    expect(await world.settle()).toEqual(['follows from 101', 'live']);
    world.send({ kind: 'broken', detail: 'cut' });
    world.send({ kind: 'live', revision: 900 });
    expect(await world.settle()).toEqual(['not live', 'live']);
    expect(world.follower.resumed).toEqual({ resumed: 1, compacted: 0, rewound: 0 });
  });

  test('is of another history where the incarnation is new, though no revision is lower', async () => {
    const world = new World();
    world.send({ kind: 'live', revision: 100 });
    await world.settle();
    world.send({ kind: 'broken', detail: 'cut' });
    world.meta = metaEntry('second', 60);
    world.send({ kind: 'live', revision: 900 });
    expect(await world.settle()).toEqual([
      'not live',
      'follows no more',
      'not live',
      'rewound',
      'follows from 951',
      'restored',
    ]);
    expect(world.follower.resumed).toEqual({ resumed: 0, compacted: 0, rewound: 1 });
  });

  test('is of another history where another node says so on the way: what came with it is not applied', async () => {
    const world = new World();
    world.send({ kind: 'live', revision: 100 });
    await world.settle();
    world.send({ kind: 'group', revision: 101, events: [{ kind: 'put', entry: metaEntry('second', 101) }] });
    world.send({ kind: 'group', revision: 101, events: [{ kind: 'put', entry: metaEntry('second', 101) }] });
    expect(await world.settle()).toEqual([
      'follows no more',
      'not live',
      'rewound',
      'follows no more',
      'follows from 951',
      'restored',
    ]);
  });

  test.each([
    ['deleted, with all else', { kind: 'delete', key: `${prefix}meta`, revision: 101 }],
    ['no JSON any more', { kind: 'put', entry: { ...metaEntry('first', 101), value: bytes('x') } }],
    ['without numbers', { kind: 'put', entry: { ...metaEntry('first', 101), value: bytes('{"v":2}') } }],
  ] as const)('is restored where the numbers are %s: nothing of that is applied', async (_what, event) => {
    const world = new World();
    world.send({ kind: 'live', revision: 100 });
    await world.settle();
    const gone = { kind: 'delete', key: `${prefix}i/prod/pay/a1`, revision: 101 } as const;
    world.send({ kind: 'group', revision: 101, events: [gone, event] });
    expect(await world.settle()).toEqual(['follows no more', 'not live', 'rewound', 'follows from 951', 'restored']);
  });

  test('goes on where the numbers are of a later version, which it must not overwrite', async () => {
    const world = new World();
    world.send({ kind: 'live', revision: 100 });
    await world.settle();
    const later = bytes('{"v":3,"life":"L","incarnation":"first","bases":[[0,1000]]}');
    const event = { kind: 'put', entry: { ...metaEntry('first', 101), value: later } } as const;
    world.send({ kind: 'group', revision: 101, events: [event] });
    expect(await world.settle()).toEqual(['applies 101']);
  });

  test('is restored where the numbers were deleted while it was closed', async () => {
    const world = new World();
    world.send({ kind: 'live', revision: 100 });
    await world.settle();
    world.meta = undefined;
    world.send({ kind: 'live', revision: 900 });
    expect(await world.settle()).toEqual(['follows no more', 'not live', 'rewound', 'follows from 951', 'restored']);
  });

  test('is not live before etcd has said which history it has', async () => {
    const world = new World();
    world.meta = { fault: 'unavailable', detail: 'no leader', sent: false };
    world.send({ kind: 'live', revision: 100 });
    expect(await world.settle()).toEqual(['follows from 101']);
    world.follower.close();
  });
});
