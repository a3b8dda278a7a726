// What instances share: seen from outside nothing, seen from memory most of what they say.

import { expect, test } from 'vitest';
import { compactInstance } from '../../src/model/compact-instance.ts';
import { parseRegistration, type Registration, registrationToJson } from '../../src/model/instance.ts';
import { Harness } from '../kit/harness.ts';

const app = { env: 'prod', appid: 'orders' };

function registrationOf(fields: Readonly<Record<string, unknown>>): Registration {
  const body = { addrs: ['http://10.0.0.1:80'], ...fields };
  return parseRegistration(body, { leaseSeconds: 90, dnsTtl: 5 }) as Registration;
}

const said = { version: '1.4.2', tags: ['a', 'b'], metadata: { team: 'x', tier: '1' }, weight: 3 };
const first = compactInstance(app, 'a1', 'a1', registrationOf(said));

test('one that says the same but for its addresses shares what its neighbour says', () => {
  const other = registrationOf({ ...said, addrs: ['http://10.0.0.2:80'] });
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
  const registration = registrationOf({ ...said, ...fields });
  const second = compactInstance(app, 'a2', 'a2', registration, [first]);
  expect(second.profile).not.toBe(first.profile);
  expect(registrationToJson(second)).toEqual(registrationToJson(registration));
});

test('a patch of one leaves the others what they say', () => {
  const harness = new Harness();
  for (const id of ['a', 'b', 'c']) harness.register(`orders.prod/${id}`, said);
  harness.patch('orders.prod/b', { weight: 9 });
  const weights = [...(harness.registry.app('prod', 'orders')?.instances() ?? [])].map(
    ({ instance }) => instance.weight,
  );
  expect(weights).toEqual([3, 9, 3]);
});
