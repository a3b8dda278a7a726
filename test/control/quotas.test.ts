// How many instances an entry has: what counts, and when there is room again.

import { describe, expect, test } from 'vitest';
import { Quotas } from '../../src/control/quotas.ts';
import type { Change } from '../../src/model/change.ts';
import type { InstanceRecord } from '../../src/model/instance-record.ts';
import { GrantedPrincipal } from '../../src/model/principal.ts';

function world() {
  const entries = new Map<string, string>();
  const quotas = new Quotas(({ instance }) => {
    const quotaEntry = entries.get(instance);
    return quotaEntry === undefined ? undefined : ({ instance: { quotaEntry } } as InstanceRecord);
  });
  const principal = (entry: string, instancesMax: number) =>
    new GrantedPrincipal('token', entry, [], { quota: { entry, instancesMax } });
  const key = (instance: string) => ({ env: 'prod', appid: 'orders', instance });
  /** The instance counts for an entry from now on; undefined: it has gone, or for none. */
  const move = (instance: string, to: string | undefined): void => {
    const from = entries.get(instance);
    if (to === undefined) entries.delete(instance);
    else entries.set(instance, to);
    quotas.changed({ before: { quotaEntry: from }, after: { quotaEntry: to } } as unknown as Change);
  };
  return { quotas, principal, key, move };
}

test('an entry without a number has room', () => {
  const { quotas, key } = world();
  expect(quotas.exceededBy(new GrantedPrincipal('token', 'a', []), key('1'))).toBeUndefined();
});

test('callers of one entry count together, and one that is there is not one more', () => {
  const { quotas, principal, key, move } = world();
  const [first, second] = [principal('a', 1), principal('a', 1)];
  expect(quotas.exceededBy(first, key('1'))).toBeUndefined();
  move('1', 'a');
  expect(quotas.exceededBy(second, key('2'))).toEqual({ entry: 'a', instancesMax: 1 });
  expect(quotas.exceededBy(second, key('1'))).toBeUndefined();
});

test('there is room again for what has gone, or counts for another', () => {
  const { quotas, principal, key, move } = world();
  const who = principal('a', 2);
  for (const name of ['1', '2']) move(name, 'a');
  expect(quotas.exceededBy(who, key('3'))).toBeDefined();
  move('1', undefined);
  move('2', 'b');
  expect([quotas.count('a'), quotas.count('b')]).toEqual([0, 1]);
  expect(quotas.exceededBy(who, key('3'))).toBeUndefined();
  expect(quotas.exceededBy(who, key('2'))).toBeUndefined();
});

test('none may be registered with 0', () => {
  const { quotas, principal, key } = world();
  expect(quotas.exceededBy(principal('a', 0), key('1'))).toBeDefined();
});

describe('a registration that is not confirmed yet', () => {
  test('takes its room until it is settled', () => {
    const { quotas, principal, key } = world();
    const who = principal('a', 1);
    const settled = quotas.reserve(who);
    expect(quotas.exceededBy(who, key('2'))).toBeDefined();
    settled();
    expect(quotas.exceededBy(who, key('2'))).toBeUndefined();
  });
});
