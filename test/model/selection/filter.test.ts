// Which instances a caller means: every field given must match, letters compare as DNS compares them.

import { describe, expect, test } from 'vitest';
import type { Instance } from '../../../src/model/instance.ts';
import { isSelected, type Selection } from '../../../src/model/selection/filter.ts';
import { Harness, keyOf } from '../../kit/registry/harness.ts';

function instance(body: Record<string, unknown> = {}): Instance {
  const harness = new Harness();
  harness.register('orders.prod/orders-1', {
    addrs: ['http://10.0.0.1:80', 'dns+udp://10.0.0.1:53'],
    version: '1.4.2',
    zone: 'EU-1a',
    group: 'blue',
    tags: ['canary', 'Ä'],
    ...body,
  });
  return harness.registry.find(keyOf('orders.prod/orders-1'))?.instance as Instance;
}

describe('an instance', () => {
  const known = instance();

  test.each<Selection>([
    {},
    { status: 'up' },
    { version: '1.4.2' },
    { zone: 'eu-1A' },
    { group: 'BLUE' },
    { tags: [] },
    { tags: ['CANARY'] },
    { tags: ['canary', 'Ä'] },
    { port: 'http' },
    { port: 'DNS' },
    { status: 'up', version: '1.4.2', zone: 'eu-1a', group: 'blue', tags: ['canary'], port: 'dns' },
  ])('is selected by %j', (selection) => expect(isSelected(known, selection)).toBe(true));

  test.each<Selection>([
    { status: 'waiting' },
    { version: '1.4' },
    { version: '' },
    { zone: 'eu-1' },
    { group: 'green' },
    { tags: ['canary', 'b'] },
    { tags: ['ä'] },
    { port: 'https' },
    { version: '1.4.2', zone: 'us' },
  ])('is not selected by %j', (selection) => expect(isSelected(known, selection)).toBe(false));
});
