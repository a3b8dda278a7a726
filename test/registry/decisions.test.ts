// Decide, then apply: a decision moves nothing, `apply` moves everything and brings the numbers with it, and what was
// decided on another node is applied as if it had been decided here.

import { describe, expect, test } from 'vitest';
import type { Actor, Change } from '../../src/model/change.ts';
import type { Command } from '../../src/model/command.ts';
import type { Registration } from '../../src/model/instance.ts';
import { parseRegistration } from '../../src/model/instance.ts';
import { defaults, Harness, keyOf, someAddress } from '../kit/registry/harness.ts';

const key = keyOf('orders.prod/a1');
const actor: Actor = { kind: 'token', front: 'api', principal: 'deploy', address: '192.0.2.1' };

function registrationOf(fields: Readonly<Record<string, unknown>> = {}): Registration {
  return parseRegistration({ addrs: [someAddress], ...fields }, defaults) as Registration;
}

function worldOf(options: ConstructorParameters<typeof Harness>[0] = {}) {
  const harness = new Harness(options);
  const { registry, clock } = harness;
  const changes: Change[] = [];
  registry.onChange((change) => changes.push(change));
  const now = () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() });
  const decide = <C extends Command>(command: C) => registry.decide(command, actor, now());
  const perform = <C extends Command>(command: C) => registry.settle(decide(command), now());
  return { harness, registry, changes, now, decide, perform };
}

/** As it is after a journey as text, which is how another node gets it. */
function travelled(change: Change): Change {
  const plain = (instance: Change['after']) =>
    instance && {
      ...{ env: instance.env, appid: instance.appid, instance: instance.instance, label: instance.label },
      ...{ addrs: instance.addrs, version: instance.version, zone: instance.zone, group: instance.group },
      ...{ tags: instance.tags, weight: instance.weight, priority: instance.priority, status: instance.status },
      ...{ metadata: instance.metadata, leaseSeconds: instance.leaseSeconds, dnsTtl: instance.dnsTtl },
      ...{ checks: instance.checks, health: instance.health },
    };
  const { before, after } = change;
  return { ...change, ...(before && { before: plain(before) }), ...(after && { after: plain(after) }) } as Change;
}

describe('a decision', () => {
  test.each<[string, Command]>([
    ['register', { kind: 'register', key, registration: registrationOf({ weight: 20 }) }],
    ['register another', { kind: 'register', key: keyOf('pay.prod/p1'), registration: registrationOf() }],
    ['register the same', { kind: 'register', key, registration: registrationOf() }],
    ['patch', { kind: 'patch', key, patch: { tags: ['x'] } }],
    ['drain', { kind: 'drain', key }],
    ['cancel', { kind: 'cancel', key }],
  ])('moves nothing: %s', (_name, command) => {
    const { harness, registry, changes, decide } = worldOf();
    harness.register('orders.prod/a1');
    harness.elapse(7000);
    const state = () => {
      const stored = registry.find(key);
      const { deadlineMs, renewedAtMs, revision, instance } = stored ?? {};
      return [registry.revision, registry.instanceCount, deadlineMs, renewedAtMs, revision, instance?.status];
    };
    const before = state();
    decide(command);
    decide(command);
    expect(state()).toEqual(before);
    expect(changes.length).toBe(1);
  });

  test('that nothing would change still renews the lease once it is settled', () => {
    const { harness, registry, changes, perform } = worldOf();
    harness.register('orders.prod/a1');
    harness.elapse(60_000);
    expect(perform({ kind: 'register', key, registration: registrationOf() }).kind).toBe('unchanged');
    harness.elapse(60_000);
    expect(registry.find(key)?.revision).toBe(101);
    expect(changes.map(({ kind }) => kind)).toEqual(['registered']);
  });
});

describe('apply', () => {
  test('gives a group the numbers it came with, in order, and its time', () => {
    const { registry, changes, now, decide } = worldOf();
    const first = decide({ kind: 'register', key, registration: registrationOf() });
    const second = decide({ kind: 'register', key: keyOf('orders.prod/a2'), registration: registrationOf() });
    const decided = [first, second].flatMap((one) => (one.kind === 'changes' ? one.changes : []));
    const applied = registry.apply({ changes: decided, revision: 500, at: { ...now(), wallMs: 12_345 } });
    expect(applied.map(({ revision, atMs }) => [revision, atMs])).toEqual([
      [500, 12_345],
      [501, 12_345],
    ]);
    expect(changes).toEqual(applied);
    expect([registry.revision, registry.app('prod', 'orders')?.size]).toEqual([501, 2]);
    expect(first.kind === 'changes' && first.outcome()).toMatchObject({ kind: 'created', stored: { revision: 500 } });
  });

  test('takes no number a second time', () => {
    const { registry, now, decide } = worldOf();
    const decision = decide({ kind: 'register', key, registration: registrationOf() });
    const changes = decision.kind === 'changes' ? decision.changes : [];
    expect(() => registry.apply({ changes, revision: registry.revision, at: now() })).toThrow();
    expect(registry.instanceCount).toBe(0);
  });

  test('refuses nothing for a limit: that was decided elsewhere', () => {
    const { harness, registry, now, decide } = worldOf({ instancesMax: 1 });
    const other = decide({ kind: 'register', key, registration: registrationOf() });
    harness.register('pay.prod/p1');
    expect(decide({ kind: 'register', key, registration: registrationOf() })).toMatchObject({
      kind: 'refused',
      outcome: { kind: 'full', what: 'instances' },
    });
    registry.apply({ changes: other.kind === 'changes' ? other.changes : [], revision: 900, at: now() });
    expect(registry.instanceCount).toBe(2);
  });

  test('follows another registry, change by change, from plain values', () => {
    const source = worldOf();
    const copy = worldOf();
    source.registry.onChange((change) => {
      const { revision, atMs: wallMs, ...decided } = travelled(change);
      const changes = [{ ...decided, isRenewal: decided.cause.why === 'replaced' } as never];
      copy.registry.apply({ changes, revision, at: { ...copy.now(), wallMs } });
    });
    source.harness.register('orders.prod/a1', { metadata: { team: 'shop' } });
    source.harness.register('orders.prod/a2', { weight: 30 });
    source.harness.patch('orders.prod/a1', { status: 'waiting' });
    source.harness.register('orders.prod/a2', { weight: 40 });
    source.harness.cancel('orders.prod/a1');
    const { changes } = source;
    expect(copy.changes.map((change) => travelled(change))).toEqual(changes.map((change) => travelled(change)));
    expect(copy.harness.data('orders.prod.svc')).toEqual(source.harness.data('orders.prod.svc'));
  });

  test('keeps the renewals since it was decided', () => {
    const { harness, registry, now, decide } = worldOf();
    harness.register('orders.prod/a1');
    const decision = decide({ kind: 'patch', key, patch: { tags: ['x'] } });
    harness.elapse(60_000);
    harness.renew('orders.prod/a1');
    const { renewedAtMs, deadlineMs } = registry.find(key) ?? {};
    const [change] = registry.apply({
      changes: decision.kind === 'changes' ? decision.changes : [],
      revision: 200,
      at: now(),
    });
    expect(registry.find(key)).toMatchObject({ renewedAtMs, deadlineMs });
    expect(change?.times.renewedAtMs).toBe(renewedAtMs);
  });
});

describe('a change', () => {
  test('has who asked from where, and the lease', () => {
    const { registry, changes, now, perform } = worldOf({ onNearExpiry: () => {} });
    perform({ kind: 'register', key, registration: registrationOf({ leaseSeconds: 5, dnsTtl: 60 }) });
    perform({ kind: 'cancel', key });
    expect(changes.map(({ origin, cause, lease }) => [origin, cause.why, lease])).toEqual([
      [
        actor,
        'registered',
        { deadlineMs: now().monotonicMs + 5000, isNearExpiry: true, isSuspect: false, suspectReason: '' },
      ],
      [actor, 'cancelled', undefined],
    ]);
    expect(registry.instanceCount).toBe(0);
  });

  test('of an eviction is the registry’s own', () => {
    const { harness, changes } = worldOf();
    harness.register('orders.prod/a1');
    harness.elapse(90_000);
    expect(changes.at(-1)).toMatchObject({ kind: 'evicted', origin: { kind: 'system', front: 'leases' } });
  });
});

describe('evictions', () => {
  test('are decided once, and again only after a second in which they were not applied', () => {
    const { harness, registry, now } = worldOf();
    harness.register('orders.prod/a1');
    harness.clock.advance(90_000);
    const [decided] = registry.takeExpired(now(), 10);
    expect(decided && registry.decideEnd(decided, 'lease', now())).toMatchObject({
      kind: 'evicted',
      before: { instance: 'a1' },
    });
    expect(registry.instanceCount).toBe(1);
    harness.clock.advance(500);
    expect(registry.takeExpired(now(), 10)).toEqual([]);
    harness.clock.advance(500);
    expect(registry.takeExpired(now(), 10).length).toBe(1);
  });

  test('that were decided and come too late for a renewal are not decided again', () => {
    const { harness, registry, now } = worldOf();
    harness.register('orders.prod/a1');
    harness.clock.advance(90_000);
    expect(registry.takeExpired(now(), 10).length).toBe(1);
    harness.renew('orders.prod/a1');
    harness.clock.advance(60_000);
    expect(registry.takeExpired(now(), 10)).toEqual([]);
  });
});

describe('preconditions', () => {
  const tags = { ifMatch: { ifMatch: [101] }, other: { ifMatch: [99] }, any: { ifMatch: '*' as const } };

  test.each<[string, Command, string, string]>([
    // What is asked; what comes of it where the instance is at revision 101, and where it is not there.
    ['If-Match', { kind: 'patch', key, patch: { weight: 1 }, precondition: tags.ifMatch }, 'patched', 'unknown'],
    ['another', { kind: 'patch', key, patch: {}, precondition: tags.other }, 'precondition-failed', 'unknown'],
    ['drain', { kind: 'drain', key, precondition: tags.other }, 'precondition-failed', 'unknown'],
    ['up', { kind: 'up', key, precondition: tags.other }, 'precondition-failed', 'unknown'],
    ['cancel', { kind: 'cancel', key, precondition: tags.other }, 'precondition-failed', 'unknown'],
    ['*', { kind: 'cancel', key, precondition: tags.any }, 'cancelled', 'unknown'],
    ['no tag', { kind: 'cancel', key, precondition: { ifMatch: [] } }, 'precondition-failed', 'unknown'],
    [
      'register if it is there',
      { kind: 'register', key, registration: registrationOf(), precondition: tags.any },
      'unchanged',
      'precondition-failed',
    ],
    [
      'register if it is not there',
      { kind: 'register', key, registration: registrationOf(), precondition: { ifNoneMatch: '*' } },
      'exists',
      'created',
    ],
    [
      'register unless it is this',
      { kind: 'register', key, registration: registrationOf({ weight: 1 }), precondition: { ifNoneMatch: [101] } },
      'precondition-failed',
      'created',
    ],
    [
      'register unless it is that',
      { kind: 'register', key, registration: registrationOf({ weight: 1 }), precondition: { ifNoneMatch: [99] } },
      'replaced',
      'created',
    ],
  ])('%s', (_name, command, there, absent) => {
    const world = worldOf();
    world.harness.register('orders.prod/a1');
    expect([world.perform(command).kind, worldOf().perform(command).kind]).toEqual([there, absent]);
  });

  test('that fail return what is stored', () => {
    const { harness, perform } = worldOf();
    harness.register('orders.prod/a1');
    expect(perform({ kind: 'drain', key, precondition: tags.other })).toMatchObject({ stored: { revision: 101 } });
  });
});

test('up ends a drain, by a change of its own', () => {
  const { harness, changes, perform } = worldOf();
  harness.register('orders.prod/a1');
  expect([perform({ kind: 'drain', key }).kind, perform({ kind: 'drain', key }).kind]).toEqual([
    'drained',
    'unchanged',
  ]);
  expect(harness.data('orders.prod.svc')).toEqual([]);
  expect([perform({ kind: 'up', key }).kind, perform({ kind: 'up', key }).kind]).toEqual(['resumed', 'unchanged']);
  expect(harness.data('orders.prod.svc')).toEqual(['10.0.0.1']);
  expect(changes.map(({ cause }) => cause.why)).toEqual(['registered', 'drained', 'resumed']);
});
