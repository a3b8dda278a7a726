// What instances share: nothing by their behaviour, most of their fields in memory.

import { expect, test } from 'vitest';
import { compactInstance } from '../../src/model/compact-instance.ts';
import { parseRegistration, type Registration, registrationToJson } from '../../src/model/instance.ts';
import { Harness } from '../kit/registry/harness.ts';

const app = { env: 'prod', appid: 'orders' };

function registrationOf(fields: Readonly<Record<string, unknown>>): Registration {
  const body = { addrs: ['http://10.0.0.1:80'], ...fields };
  return parseRegistration(body, { leaseSeconds: 90, dnsTtl: 5 }) as Registration;
}

const shared = { version: '1.4.2', tags: ['a', 'b'], metadata: { team: 'x', tier: '1' }, weight: 3 };
const first = compactInstance(app, 'a1', 'a1', registrationOf(shared));

test('one that differs in its addresses alone shares the profile of the other', () => {
  const other = registrationOf({ ...shared, addrs: ['http://10.0.0.2:80'] });
  const second = compactInstance(app, 'a2', 'a2', other, [undefined, first]);
  expect(second.profile).toBe(first.profile);
  expect(registrationToJson(second)).toEqual(registrationToJson(other));
  expect(second.addrs).not.toEqual(first.addrs);
});

test.each([
  { version: '1.4.3' },
  { zone: 'eu-1a' },
  { group: 'blue' },
  { tags: ['b', 'a'] },
  { tags: ['a'] },
  { weight: 4 },
  { priority: 1 },
  { status: 'waiting' },
  { metadata: { team: 'x' } },
  { metadata: { tier: '1', team: 'x' } },
  { metadata: { team: 'x', tier: '2' } },
  { leaseSeconds: 91 },
  { dnsTtl: 6 },
])('one that differs by %o shares nothing', (fields) => {
  const registration = registrationOf({ ...shared, ...fields });
  const second = compactInstance(app, 'a2', 'a2', registration, [first]);
  expect(second.profile).not.toBe(first.profile);
  expect(registrationToJson(second)).toEqual(registrationToJson(registration));
});

test('a patch of one leaves the others unchanged', () => {
  const harness = new Harness();
  for (const id of ['a', 'b', 'c']) harness.register(`orders.prod/${id}`, shared);
  harness.patch('orders.prod/b', { weight: 9 });
  const weights = [...(harness.registry.app('prod', 'orders')?.instances() ?? [])].map(
    ({ instance }) => instance.weight,
  );
  expect(weights).toEqual([3, 9, 3]);
});
