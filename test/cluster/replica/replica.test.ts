// Records of etcd as they become changes of the registry: each with the number that every node gives it.

import { describe, expect, test } from 'vitest';
import type { Entry, KeyEvent } from '../../../src/cluster/engine.ts';
import { metaText, numberAt, serialText } from '../../../src/cluster/records/epoch.ts';
import { holdText } from '../../../src/cluster/records/hold-value.ts';
import { holdPath, instancePath, labelPath, tombstonePath } from '../../../src/cluster/records/keys.ts';
import { recordText } from '../../../src/cluster/records/record.ts';
import { recordOf, tombstoneOf } from '../../../src/cluster/records/record-mapping.ts';
import { tombstoneText } from '../../../src/cluster/records/tombstone.ts';
import type { RegistryPort } from '../../../src/cluster/registry-port.ts';
import { ClusterReplica } from '../../../src/cluster/replica/replica.ts';
import type { Actor, Change, NewChange } from '../../../src/model/change.ts';
import { parseRegistration, type Registration } from '../../../src/model/instance.ts';
import { Registry } from '../../../src/registry/registry.ts';

const prefix = '/rollcall/main/';
const base = 1_000_000;
/** Of a change at a revision of etcd's. */
const at = (revision: number, place = 0): number => numberAt(meta, revision, place);
const meta = { life: 'life', incarnation: 'x', bases: [{ from: 1, base }], unknown: {} };
const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const by: Actor = { kind: 'token', principal: 'ci', front: 'api', address: '10.0.0.9' };
const now = { monotonicMs: 1000, wallMs: 1_700_000_000_000 };
const clock = { monotonicMs: () => now.monotonicMs, wallMs: () => now.wallMs };
const key = (instance: string) => ({ env: 'prod', appid: 'pay', instance });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function registryOf(): Registry {
  return new Registry({
    ...{ clock, origin: 'svc.', defaults, initialRevision: 0 },
    ...{ instancesMax: 100, instancesPerAppMax: 100 },
  });
}

function registration(fields: object = {}): Registration {
  const parsed = parseRegistration({ addrs: ['http://10.0.0.1:80'], ...fields }, defaults);
  if (Array.isArray(parsed)) throw new Error(parsed[0]?.message);
  return parsed;
}

/** What another node decides, from the same state, as the events of etcd that it leads to. */
function nodeOf(me: string) {
  const registry = registryOf();
  const changes: Change[] = [];
  const removed: string[] = [];
  const bad: string[] = [];
  const shielded = new Set<string>();
  const diverged: boolean[] = [];
  registry.onChange((change) => changes.push(change));
  const replica = new ClusterReplica({
    ...{ me, prefix, now: () => now },
    registry: portOf(registry),
    events: {
      record: () => {},
      removed: (path, why) => removed.push(`${path} ${why}`),
      node: () => {},
      zone: () => {},
      changed: () => {},
      stamp: () => {},
      bad: (path) => bad.push(path),
      diverged: (isDiverged) => diverged.push(isDiverged),
      rebased: () => {},
    },
    pending: { shields: (path) => shielded.has(path), has: (path) => shielded.has(path) },
  });
  return { registry, replica, changes, removed, bad, shielded, diverged };
}

function portOf(registry: Registry): RegistryPort {
  return {
    get revision() {
      return registry.revision;
    },
    find: (at) => registry.find(at),
    decide: (command, actor, at) => registry.decide(command, actor, at),
    apply: (group) => registry.apply(group),
    advance: (revision) => registry.advance(revision),
    recover: (saved) => {
      const change = registry.recover(saved);
      return 'message' in change ? change : undefined;
    },
    renew: (at) => registry.renew(at),
    reregister: (renewal, at) => registry.reregister(renewal, at),
    releaseHold: (at) => registry.releaseHold(at),
    setRemote: (at, isRemote) => registry.setRemote(at, isRemote),
    markRemote: (at, mark) => registry.markRemote(at, mark),
    takeExpired: (at, limit) => registry.takeExpired(at, limit),
    endedHolds: (at) => registry.endedHolds(at),
    decideEnd: (at, end, moment) => registry.decideEnd(at, end, moment),
    labelHolder: (at, label) => registry.labelHolder(at, label),
    renumber: (at, revision) => registry.renumber(at, revision),
    losses: (limit) => registry.losses(limit),
    reviewGuard: () => registry.reviewGuard(),
    remoteServing: (app) => registry.remoteServing(app),
    keepHold: (at, override) => registry.recoverHolds([{ key: at, override }]),
  };
}

function entry(path: string, value: string, modRevision: number): Entry {
  return { key: prefix + path, value: bytes(value), createRevision: 1, modRevision, lease: 0n };
}

function decided(registry: Registry, instance: string, fields: object = {}): NewChange {
  const command = { kind: 'register', key: key(instance), registration: registration(fields) } as const;
  const decision = registry.decide(command, by, now);
  if (decision.kind !== 'changes') throw new Error(decision.kind);
  return decision.changes[0] as NewChange;
}

function put(change: NewChange, revision: number, owner = 'n2', number?: number, place = 0): KeyEvent[] {
  if (change.after === undefined) throw new Error('a removal');
  const stamp = { node: owner, operation: `u${revision}`, hlc: revision };
  const record = recordOf(change, undefined, stamp);
  const text = recordText({ ...record, dataRevision: number, place });
  const path = instancePath(key(change.after.instance));
  const serial = number === undefined ? [entry('s', serialText('n2', place), revision)] : [];
  const label = entry(labelPath('prod', 'pay', change.after.label), change.after.instance, revision);
  return [entry(path, text, revision), label, ...serial].map((one) => ({ kind: 'put', entry: one }));
}

function started(me = 'n1') {
  const node = nodeOf(me);
  node.replica.load({ revision: 1, clusterId: 'c', entries: [entry('s', 'n2', 1)] }, meta);
  return node;
}

describe('a record', () => {
  test('becomes the same instance, with the number of its revision and who asked for it', () => {
    const { registry, replica, changes } = started();
    replica.group(7, put(decided(registryOf(), 'A-1', { weight: 3, tags: ['x'] }), 7));
    expect(registry.find(key('a-1'))).toMatchObject({ revision: at(7), instance: { instance: 'A-1', weight: 3 } });
    expect(registry.revision).toBe(at(7));
    expect(changes[0]).toMatchObject({ kind: 'registered', origin: { principal: 'ci', node: 'n2', front: 'api' } });
  });

  test('brings the deadline of checks that fail along', () => {
    const { registry, replica } = started();
    const liveness = { kind: 'checks', evictAfterSeconds: 90 } as const;
    const command = {
      kind: 'register',
      key: key('c1'),
      registration: registration({ checks: [{ type: 'tcp' }] }),
    } as const;
    const decision = registryOf().decide({ ...command, liveness }, by, now);
    if (decision.kind !== 'changes') throw new Error(decision.kind);
    replica.group(7, put(decision.changes[0] as NewChange, 7));
    expect(registry.find(key('c1'))?.instance.liveness).toEqual(liveness);
  });

  test('brings along what fronts keep and the entry that it counts for, by the watch and by the first list', () => {
    const fronts = { eureka: { appName: 'PAY', content: '{}' } };
    const parts = { fronts, quotaEntry: 'deploy' };
    const command = { kind: 'register', key: key('a1'), registration: registration(), ...parts } as const;
    const decision = registryOf().decide(command, by, now);
    if (decision.kind !== 'changes') throw new Error(decision.kind);
    const events = put(decision.changes[0] as NewChange, 7);
    const [watched, listed] = [started(), nodeOf('n1')];
    watched.replica.group(7, events);
    const entries = events.flatMap((event) => (event.kind === 'put' ? [event.entry] : []));
    listed.replica.load({ revision: 7, clusterId: 'c', entries: [entry('s', 'n2', 7), ...entries] }, meta);
    for (const { registry } of [watched, listed]) expect(registry.find(key('a1'))?.instance).toMatchObject(parts);
  });

  test('of another node has no deadline here', () => {
    const { registry, replica } = started();
    replica.group(7, put(decided(registryOf(), 'a1'), 7));
    expect(registry.find(key('a1'))?.deadlineMs).toBe(Number.POSITIVE_INFINITY);
    expect(registry.nextDeadlineMs()).toBeUndefined();
  });

  test('that another node takes over changes nothing that anybody sees', () => {
    const { registry, replica, changes } = started();
    const change = decided(registryOf(), 'a1');
    replica.group(7, put(change, 7));
    replica.group(9, put(change, 9, 'n1', at(7)));
    expect(changes.length).toBe(1);
    expect(registry.find(key('a1'))).toMatchObject({ revision: at(7) });
    expect(registry.find(key('a1'))?.deadlineMs).toBe(now.monotonicMs + 90_000);
    expect(registry.revision).toBe(at(7));
  });

  test('that cannot be read is reported, and hides no other', () => {
    const { registry, replica, bad } = started();
    const good = put(decided(registryOf(), 'a2'), 7);
    replica.group(7, [{ kind: 'put', entry: entry(instancePath(key('a1')), '{"v":1}', 7) }, ...good]);
    expect(bad).toEqual([`${prefix}i/prod/pay/a1`]);
    expect(registry.find(key('a2'))).toBeDefined();
  });

  test('is removed with the reason of its tombstone', () => {
    const { registry, replica, changes, removed } = started();
    replica.group(7, put(decided(registryOf(), 'a1'), 7));
    const cancelled = registry.decide({ kind: 'cancel', key: key('a1') }, by, now);
    const [change] = cancelled.kind === 'changes' ? cancelled.changes : [];
    const stamp = { node: 'n2', operation: 'u8', hlc: 8 };
    const text = tombstoneText(tombstoneOf(change as NewChange & { kind: 'cancelled' }, stamp));
    replica.group(8, [
      { kind: 'put', entry: entry(tombstonePath(key('a1')), text, 8) },
      { kind: 'delete', key: `${prefix}${instancePath(key('a1'))}`, revision: 8 },
      { kind: 'put', entry: entry('s', 'n2', 8) },
    ]);
    expect(removed).toEqual(['i/prod/pay/a1 cancelled']);
    expect(changes.at(-1)).toMatchObject({ kind: 'cancelled', revision: at(8), origin: { node: 'n2' } });
  });
});

test('a list after a gap gives what is there the numbers of the others, and what is not free ones below', () => {
  const { registry, replica, changes } = started();
  const other = registryOf();
  replica.group(5, put(decided(other, 'gone'), 5));
  replica.group(6, put(decided(other, 'kept'), 6));
  const kept = put(decided(other, 'kept'), 6);
  const fresh = put(decided(other, 'fresh'), 20);
  const entries = [...kept, ...fresh].flatMap((event) => (event.kind === 'put' ? [event.entry] : []));
  expect(replica.compare({ revision: 30, clusterId: 'c', entries })).toBe(2);
  expect(registry.find(key('gone'))).toBeUndefined();
  expect(registry.find(key('fresh'))).toMatchObject({ revision: at(20) });
  expect(registry.find(key('kept'))).toMatchObject({ revision: at(6) });
  expect(changes.map(({ revision }) => revision)).toEqual([at(5), at(6), at(6) + 1, at(20)]);
  expect(registry.revision).toBe(at(20));
  expect(replica.applied).toBe(30);
});

describe('changes that share a revision', () => {
  const three = ['c3', 'a1', 'b2'];
  const other = registryOf();
  const group = three
    .flatMap((id, place) => put(decided(other, id), 7, 'n2', undefined, place))
    .filter((event) => event.kind !== 'put' || event.entry.key !== `${prefix}s`);
  const serial: KeyEvent = { kind: 'put', entry: entry('s', serialText('n2', 3), 7) };

  test('have numbers of their own, in the order of their places; the serial has the last, though its swap was lost', () => {
    const { registry, replica, changes, diverged } = started();
    replica.group(7, [...group, serial]);
    expect(changes.map(({ after, revision }) => [after?.instance, revision])).toEqual([
      ['c3', at(7)],
      ['a1', at(7, 1)],
      ['b2', at(7, 2)],
    ]);
    expect([registry.revision, replica.serial]).toEqual([at(7, 3), at(7, 3)]);
    expect(diverged).toEqual([]);
  });

  test.each([
    ['its first list', false],
    ['a list after a gap', true],
  ])('have the same at a node that has them by %s', (_, isLater) => {
    const { registry, replica, diverged } = isLater ? started() : nodeOf('n1');
    // As etcd lists them: by key.
    const entries = [...group, serial]
      .flatMap((event) => (event.kind === 'put' ? [event.entry] : []))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    if (isLater) replica.compare({ revision: 9, clusterId: 'c', entries });
    else replica.load({ revision: 9, clusterId: 'c', entries }, meta);
    const found = three.map((id) => registry.find(key(id))?.revision);
    expect(found).toEqual([at(7), at(7, 1), at(7, 2)]);
    expect([registry.revision, replica.serial]).toEqual([at(7, 3), at(7, 3)]);
    expect(diverged).toEqual([]);
  });

  test('keep them through a change of owner', () => {
    const { registry, replica, changes } = started();
    replica.group(7, [...group, serial]);
    replica.group(9, put(decided(other, 'b2'), 9, 'n1', at(7, 2)));
    expect(registry.find(key('b2'))).toMatchObject({ revision: at(7, 2) });
    expect(changes.length).toBe(3);
  });

  test('are removals too', () => {
    const { registry, replica, changes, diverged } = started();
    replica.group(7, [...group, serial]);
    const removed = ['a1', 'c3'].flatMap((id, place): KeyEvent[] => {
      const decision = registry.decide({ kind: 'cancel', key: key(id) }, by, now);
      const [change] = decision.kind === 'changes' ? decision.changes : [];
      const stamp = { node: 'n2', operation: `u${id}`, hlc: 8 };
      const tombstone = tombstoneOf(change as NewChange & { kind: 'cancelled' }, stamp);
      return [
        { kind: 'put', entry: entry(tombstonePath(key(id)), tombstoneText({ ...tombstone, place: place + 4 }), 8) },
        { kind: 'delete', key: `${prefix}${instancePath(key(id))}`, revision: 8 },
      ];
    });
    replica.group(8, [...removed, { kind: 'put', entry: entry('s', serialText('n2', 5), 8) }]);
    expect(changes.slice(3).map(({ before, revision }) => [before?.instance, revision])).toEqual([
      ['a1', at(8, 4)],
      ['c3', at(8, 5)],
    ]);
    expect([replica.serial, diverged]).toEqual([at(8, 5), []]);
  });
});

test('who waits for a revision goes on in the turn in which it was applied', () => {
  const { registry, replica } = started();
  const seen: number[] = [];
  replica.whenApplied(7, () => seen.push(registry.revision));
  replica.whenApplied(8, () => seen.push(-1))();
  replica.group(7, put(decided(registryOf(), 'a1'), 7));
  replica.group(8, put(decided(registryOf(), 'a2'), 8));
  expect(seen).toEqual([at(7)]);
});

test('an instance with a write that etcd has not decided is left as it is', () => {
  const { registry, replica, shielded } = started();
  replica.group(7, put(decided(registryOf(), 'a1', { weight: 1 }), 7));
  shielded.add(instancePath(key('a1')));
  const patched = registry.decide({ kind: 'patch', key: key('a1'), patch: { weight: 5 } }, by, now);
  if (patched.kind === 'changes') for (const change of patched.changes) replica.applyOwn(change);
  replica.group(9, put(decided(registryOf(), 'a1', { weight: 9 }), 9));
  expect(registry.find(key('a1'))).toMatchObject({ instance: { weight: 5 } });
  expect(replica.known(instancePath(key('a1')))).toMatchObject({ modRevision: 9 });
});

test('a node that has counted by itself answers with numbers of the cluster again once the base is above its own', () => {
  const { registry, replica, diverged } = started();
  const other = registryOf();
  replica.group(7, put(decided(other, 'a1'), 7));
  const cancelled = registry.decide({ kind: 'cancel', key: key('a1') }, by, now);
  if (cancelled.kind === 'changes') for (const change of cancelled.changes) replica.applyOwn(change);
  expect(diverged).toEqual([true]);
  // What others did meanwhile comes with a number that this node has answered with already.
  replica.group(7, put(decided(other, 'a2'), 7, 'n2', undefined, 1));
  expect(registry.find(key('a2'))).toMatchObject({ revision: at(7) + 2 });
  const raised = { ...meta, bases: [...meta.bases, { from: 0, base: base + 5000 }] };
  const value = (one: Entry): KeyEvent => ({ kind: 'put', entry: one });
  replica.group(10, [value(entry('meta', metaText(raised), 10)), value(entry('s', 'n1', 10))]);
  expect(replica.serial).toBe(at(10) + 5000);
  replica.rejoin();
  expect(diverged).toEqual([true, false]);
  expect(registry.find(key('a2'))).toMatchObject({ revision: at(7, 1) });
  expect(registry.revision).toBe(at(10) + 5000);
});

test('after etcd was wiped, what it lacks stays until its owner has had time to put it back', () => {
  const { registry, replica } = started();
  const other = registryOf();
  replica.group(7, put(decided(other, 'kept'), 7));
  replica.group(8, put(decided(other, 'lost'), 8));
  const fresh = { ...meta, bases: [{ from: 1, base: base + 100_000 }] };
  const entries = put(decided(other, 'kept'), 9, 'n2', at(7)).flatMap((event) =>
    event.kind === 'put' ? [event.entry] : [],
  );
  for (const _ of replica.rebase({ revision: 9, clusterId: 'd', entries }, fresh))
    expect(replica.applied).toBeLessThan(9);
  expect(replica.applied).toBe(9);
  expect(registry.find(key('kept'))).toMatchObject({ revision: at(7) });
  expect(registry.find(key('lost'))).toBeDefined();
  replica.dropMissing();
  expect(registry.find(key('lost'))).toBeUndefined();
  expect(registry.find(key('kept'))).toBeDefined();
});

test('a hold outlives its instance', () => {
  const { registry, replica } = started();
  const override = { status: 'waiting', by: 'ops', reason: undefined, until: 'unbounded' } as const;
  const path = holdPath(key('a1'));
  replica.group(7, [{ kind: 'put', entry: entry(path, holdText(override), 7) }]);
  expect(decided(registry, 'a1')).toMatchObject({ after: { status: 'waiting', override: { by: 'ops' } } });
  replica.group(8, [{ kind: 'delete', key: `${prefix}${path}`, revision: 8 }]);
  expect(decided(registry, 'a1')).toMatchObject({ after: { status: 'up' } });
});
