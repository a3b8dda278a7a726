// What differs between two registries, and who owns what.

import { expect, test } from 'vitest';
import { differenceOf } from '../../src/bridges/difference.ts';
import { mapped } from '../../src/bridges/mirrored.ts';
import type { SourceInstance } from '../../src/bridges/source.ts';
import { listed, MemoryTarget, mark } from '../kit/adapters/mirror-world.ts';

function compared(there: readonly SourceInstance[], fill: (target: MemoryTarget) => void) {
  const target = new MemoryTarget();
  fill(target);
  const { wanted } = mapped({ instances: there, unmapped: [] }, { kind: 'consul', env: 'prod', mark });
  return differenceOf(wanted, target.present(), mark);
}

const own = { 'mirrored-from': mark };
const json = (more: object) => ({
  ...{
    addrs: ['http://10.0.0.1:80'],
    status: 'up',
    version: '',
    zone: '',
    group: '',
    tags: [],
    weight: 10,
    priority: 0,
  },
  ...{ metadata: own, leaseSeconds: 90, dnsTtl: 5 },
  ...more,
});
const front = { consul: { appName: 'web', content: {} } };

test('equal in every order of keys', () => {
  const there = [listed('web/a', '10.0.0.1', { metadata: { x: '1', y: '2' } })];
  const metadata = { y: '2', 'mirrored-from': mark, x: '1' };
  const found = compared(there, (target) => target.put('web/a', json({ metadata }), front));
  expect(found).toMatchObject({ equal: 1, owned: 1, missing: [], outdated: [], extra: [], direct: [] });
});

test.each<[string, object, object, string]>([
  ['weight', { weight: 3 }, front, 'weight'],
  ['metadata', { metadata: { ...own, x: '2' } }, front, 'metadata'],
  ['status', { status: 'waiting' }, front, 'status'],
  ['the given name', {}, { consul: { appName: 'WEB', content: {} } }, 'fronts.consul'],
  ['what the front keeps', {}, {}, 'fronts.consul'],
])('another %s is named', (_, more, fronts, field) => {
  const found = compared([listed('web/a', '10.0.0.1')], (target) =>
    target.put('web/a', json(more), fronts as Record<string, unknown>),
  );
  expect(found.outdated.map(({ fields }) => fields.map((one) => one.field))).toEqual([[field]]);
});

test('of an instance with a client only its registration is compared, not its lease', () => {
  const found = compared([listed('web/a', '10.0.0.1', { metadata: { x: '1' } })], (target) =>
    target.put('web/a', json({ metadata: { x: '1' }, leaseSeconds: 30, weight: 5 })),
  );
  expect(found.direct.map(({ fields }) => fields)).toEqual([[{ field: 'weight', there: 10, here: 5 }]]);
  expect(found).toMatchObject({ owned: 0, onlyHere: 0, outdated: [], extra: [] });
});

test('one address in two apps is no duplicate', () => {
  const found = compared([listed('web/a', '10.0.0.1')], (target) => target.put('pay/x', json({ metadata: {} })));
  expect(found.missing.map(({ key }) => key.appid)).toEqual(['web']);
  expect(found.onlyHere).toBe(1);
});

test('what another mirror has written is left alone under its name, and no reason to leave at its address', () => {
  const other = json({ metadata: { 'mirrored-from': 'eureka old:8761' } });
  const there = [listed('web/a', '10.0.0.1'), listed('web/b', '10.0.0.1')];
  const found = compared(there, (target) => target.put('web/a', other));
  expect(found.direct.map(({ present }) => present.mark)).toEqual(['eureka old:8761']);
  expect(found.missing.map(({ key }) => key.instance)).toEqual(['b']);
});
