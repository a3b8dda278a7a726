// What is suggested to who asks for a name that is not there.

import { describe, expect, test } from 'vitest';
import { explain } from '../../../src/dns/server/explain.ts';
import type { Explanation } from '../../../src/model/explanation.ts';
import { reasonOf } from '../../kit/dns/reason.ts';
import { Harness } from '../../kit/registry/harness.ts';

const reason = (harness: Harness, name: string) => reasonOf(harness.query(name, 'A', { edns: true }))?.text ?? '';

function world(): Harness {
  const harness = new Harness();
  harness.register('orders.prod/a', { tags: ['canary'], version: '1.4', group: 'blue', zone: 'eu-1' });
  harness.register('billing.staging/a');
  return harness;
}

describe('a name that is not there', () => {
  test.each<[string, string, string[]]>([
    ['of an app in another env', 'billing.prod.svc.', ['billing.staging']],
    ['of an env of nearly that name', 'orders.prd.svc.', ['close to it: prod', 'orders.prod']],
    ['of a tag without _tag', 'canary.orders.prod.svc.', ['canary._tag']],
    ['of a version without _version', '1.4.orders.prod.svc.', ['1.4._version']],
    ['of a group without _group', 'blue.orders.prod.svc.', ['blue._group']],
    ['of a zone without _zone', 'eu-1.orders.prod.svc.', ['eu-1._zone']],
    ['of nearly an app', 'ordes.prod.svc.', ['orders']],
  ])('%s: %s', (_, name, expected) => {
    const text = reason(world(), name);
    for (const one of expected) expect(text).toContain(one);
  });

  test('of an app whose last instance has left, points to the events, until it is back', () => {
    const harness = world();
    harness.register('orders.prod/b');
    harness.cancel('orders.prod/a');
    expect(reason(harness, 'x.orders.prod.svc.')).not.toContain('events');
    harness.cancel('orders.prod/b');
    expect(reason(harness, 'orders.prod.svc.')).toMatch(/2026-01-01T00:00:00Z.*prod\/orders/);
    expect(harness.data('_why.orders.prod.svc.', 'TXT')[0]).toContain('rollcall events prod/orders');
    harness.register('orders.prod/a');
    harness.cancel('orders.prod/a');
    harness.register('orders.prod/c');
    expect(reason(harness, 'x.orders.prod.svc.')).not.toContain('events');
  });

  test('of a lease that ended as well', () => {
    const harness = world();
    harness.elapse(200_000);
    expect(reason(harness, 'orders.prod.svc.')).toMatch(/2026-01-01T00:03:20Z.*prod\/orders/);
  });

  test.each<[string, string | undefined]>([
    ['orders.prod.', 'orders.prod.svc.'],
    ['_http._tcp.orders.prod.', '_http._tcp.orders.prod.svc.'],
    ['_why.orders.prod.', 'orders.prod.svc.'],
    ['nobody.prod.', undefined],
    ['prod.', undefined],
    ['.', undefined],
  ])('%s, without the origin: meant may be %s; on the wire REFUSED has no text', (asked, meant) => {
    const harness = world();
    const explained = explain(asked, 'A', harness.zones, harness.clock.monotonicMs()) as Explanation;
    expect(explained.rcode).toBe('REFUSED');
    if (meant === undefined) expect(explained.reason).not.toContain('svc.');
    else expect(explained.reason).toContain(meant);
    expect(reasonOf(harness.query(asked, 'A', { edns: true }))).toEqual({ code: 20, text: '' });
  });

  test('of nothing like it has no suggestion', () => {
    expect(reason(world(), 'nobody.orders.prod.svc.')).not.toContain(';');
    expect(reason(world(), 'quite-another.prod.svc.')).toBe('no app of this name');
  });
});
