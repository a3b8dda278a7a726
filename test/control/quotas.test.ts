// How many instances an entry has: what counts, and when there is room again.

import { expect, test } from 'vitest';
import { Quotas } from '../../src/control/quotas.ts';
import type { InstanceRecord } from '../../src/model/instance-record.ts';
import { GrantedPrincipal } from '../../src/model/principal.ts';
import { FakeClock } from '../kit/clock.ts';

function world() {
  const clock = new FakeClock();
  const there = new Set<string>();
  const quotas = new Quotas(({ instance }) => (there.has(instance) ? ({} as InstanceRecord) : undefined), clock);
  const principal = (entry: string, instancesMax: number) =>
    new GrantedPrincipal('token', entry, [], { quota: { entry, instancesMax } });
  const key = (instance: string) => ({ env: 'prod', appid: 'orders', instance });
  const claim = (who: GrantedPrincipal, instance: string): void => {
    there.add(instance);
    quotas.claim(who, key(instance));
  };
  return { clock, there, quotas, principal, key, claim };
}

test('an entry without a number has room', () => {
  const { quotas, key } = world();
  expect(quotas.exceededBy(new GrantedPrincipal('token', 'a', []), key('1'))).toBeUndefined();
});

test('callers of one entry count together, ids without regard to case', () => {
  const { quotas, principal, key, claim } = world();
  const [first, second] = [principal('a', 1), principal('a', 1)];
  claim(first, 'One');
  expect(quotas.exceededBy(second, key('two'))).toEqual({ entry: 'a', instancesMax: 1 });
  expect(quotas.exceededBy(second, key('one'))).toBeUndefined();
});

test('what was evicted is noticed when there is no room, once a second', () => {
  const { clock, there, quotas, principal, key, claim } = world();
  const who = principal('a', 1);
  claim(who, '1');
  expect(quotas.exceededBy(who, key('2'))).toBeDefined();
  there.delete('1');
  expect(quotas.exceededBy(who, key('2'))).toBeDefined();
  clock.advance(1000);
  expect(quotas.exceededBy(who, key('2'))).toBeUndefined();
});

test('none may be registered with 0', () => {
  const { quotas, principal, key } = world();
  expect(quotas.exceededBy(principal('a', 0), key('1'))).toBeDefined();
});
