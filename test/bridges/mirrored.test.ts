// Names and registrations of another registry as ours, and what cannot be an instance here.

import { expect, test } from 'vitest';
import { mapped } from '../../src/bridges/mirrored.ts';
import { listed, mark } from '../kit/adapters/mirror-world.ts';

const options = { kind: 'consul', env: 'prod', mark } as const;
const map = (...instances: Parameters<typeof mapped>[0]['instances']) => mapped({ instances, unmapped: [] }, options);

test('names are folded by the rule of the fronts, and given names go with them', () => {
  const { wanted } = map(listed('My_App/1', '10.0.0.1', { metadata: { a: '1' } }));
  expect(wanted).toMatchObject([
    {
      key: { env: 'prod', appid: 'my-app', instance: '1' },
      appName: 'My_App',
      json: { metadata: { a: '1', 'mirrored-from': mark }, leaseSeconds: 90 },
      endpoints: ['10.0.0.1:80'],
    },
  ]);
});

test('of two names that become one, the second is left out, and the first is named', () => {
  const { wanted, unmapped } = map(listed('my_app/1', '10.0.0.1'), listed('My-App/2', '10.0.0.2'));
  expect(wanted.map(({ appName }) => appName)).toEqual(['My-App']);
  expect(unmapped).toEqual([{ name: 'my_app/1', why: expect.stringContaining('"My-App"') }]);
});

test.each([
  ['a name without a letter', listed('___/1', '10.0.0.1'), 'appid'],
  ['no id', listed('web/', '10.0.0.1'), 'instance'],
  ['the unspecified address', listed('web/1', '0.0.0.0'), 'addrs'],
  ['too much metadata', listed('web/1', '10.0.0.1', { metadata: { k: 'x'.repeat(9000) } }), 'metadata'],
])('%s cannot be here, and the field is named', (_, instance, field) => {
  const { wanted, unmapped } = map(instance);
  expect(wanted).toEqual([]);
  expect(unmapped).toEqual([{ name: `${instance.appName}/${instance.instance}`, why: expect.stringContaining(field) }]);
});

test('two ids that differ in case alone are one instance', () => {
  const { unmapped } = map(listed('web/a', '10.0.0.1'), listed('web/A', '10.0.0.2'));
  expect(unmapped).toEqual([{ name: 'web/a', why: expect.stringContaining('"A"') }]);
});
