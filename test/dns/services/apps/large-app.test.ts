// Apps with more addresses than an RRset may have: what they answer equals a walk over their instances, however they
// change; and an answer looks at no more instances than it has records, at any size of the app.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LargeApp } from '../../../../src/dns/services/apps/large-app.ts';
import { LargeApps } from '../../../../src/dns/services/apps/large-apps.ts';
import type { Instance } from '../../../../src/model/instance.ts';
import type { TypeName } from '../../../kit/dns/packet.ts';
import { Harness } from '../../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';

/** What the type's records are of: distinct hosts of one family, or endpoints by number and instance. */
const expectedRecords: Readonly<Partial<Record<TypeName, (instance: Instance) => string[]>>> = {
  A: ({ addrs }) => addrs.filter(({ family }) => family === 4).map(({ host }) => host),
  AAAA: ({ addrs }) => addrs.filter(({ family }) => family === 6).map(({ host }) => host),
  TXT: ({ label }) => [`"instance=${label}"`],
  SRV: ({ addrs, label }) => addrs.map(({ port }) => `${port} ${label}`),
};

function read(type: TypeName, data: string): string {
  if (type !== 'SRV') return data;
  const [, , number, target = ''] = data.split(' ');
  return `${number} ${/([^.]+)\.orders\.prod\.svc\.$/.exec(target)?.[1] ?? target}`;
}

describe('an answer', () => {
  const body = (i: number) =>
    fc.record({
      shape: fc.constantFrom('four', 'six', 'both', 'shared'),
      status: fc.constantFrom('up', 'up', 'up', 'waiting'),
      priority: fc.constantFrom(0, 0, 0, 1),
      weight: fc.constantFrom(0, 1, 10),
      version: fc.constantFrom('1', '2'),
      at: fc.constant(i),
    });
  const addrsOf = (shape: string, i: number) => {
    const hosts = {
      four: [`10.0.0.${i}`],
      six: [`[2001:db8::${i}]`],
      both: [`10.0.1.${i}`, `[2001:db8::1:${i}]`],
      shared: [`10.9.9.${i % 3}`],
    }[shape] as string[];
    return hosts.flatMap((host) => [80, 81, 82, 83].map((port) => `http://${host}:${port}`));
  };

  test('has the records that a walk would find: all up to a hundred, of more the preferred ones', () => {
    let large = 0;
    fc.assert(
      fc.property(fc.tuple(...Array.from({ length: 45 }, (_, i) => body(i))), fc.array(fc.nat(44)), (bodies, gone) => {
        const harness = new Harness();
        for (const { shape, at, ...rest } of bodies)
          harness.register(`orders.prod/i${at}`, { addrs: addrsOf(shape, at), ...rest });
        for (const i of new Set(gone)) harness.cancel(`orders.prod/i${i}`);
        const all = [...(harness.registry.app('prod', 'orders')?.instances() ?? [])].map(({ instance }) => instance);
        if (all.reduce((sum, { addrs }) => sum + addrs.length, 0) > 100) large++;
        for (const prefix of ['', '1._version.']) {
          for (const [type, of] of Object.entries(expectedRecords) as [TypeName, (instance: Instance) => string[]][]) {
            const meant = all.filter(({ status, version }) => status === 'up' && (prefix === '' || version === '1'));
            const expected = new Set(meant.flatMap(of));
            const found = harness.data(`${prefix}${app}`, type).map((data) => read(type, data));
            expect(new Set(found).size).toBe(found.length);
            expect(found.length).toBe(Math.min(100, expected.size));
            for (const one of found) expect(expected.has(one), one).toBe(true);
            // SRV has priorities: no instance of the second while one of the first is left out.
            const first = new Set(meant.filter(({ priority }) => priority === 0).flatMap(of));
            if (type === 'SRV' && found.some((one) => !first.has(one)))
              for (const one of first) expect(found.includes(one), one).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
    expect(large).toBeGreaterThan(20);
  });
});

describe('an answer made anew looks at no more instances than it can have records', () => {
  const size = 3000;
  const harness = new Harness();
  const view = harness.registry;
  const largeApps = new LargeApps(view);
  harness.registry.onChange((change) => largeApps.changed(change));
  for (let i = 0; i < size; i++) {
    const addrs = [`https://10.1.${i >> 8}.${i & 255}:443`, `https://[2001:db8::${(i + 1).toString(16)}]:443`];
    harness.register(`orders.prod/i${i}`, { addrs, version: `${i % 2}`, zone: `z${i % 3}` });
  }

  test.each([1, 28, 33, 16, 65, 64])('type %i, after each change', (type) => {
    const large = largeApps.of({ env: 'prod', appid: 'orders' }) as LargeApp;
    for (let i = 0; i < 5; i++) {
      harness.patch(`orders.prod/i${i}`, { tags: [`${type}-${i}`] });
      const before = large.looks;
      const choice = large.choose({ large, slots: undefined, key: '', portNames: [], narrowing: '' }, type, i);
      for (const slot of choice.chosen) large.prepared(`${type}`, slot, () => slot);
      expect(choice.chosen).toHaveLength(100);
      expect(choice.having).toBe(size);
      expect(large.looks - before).toBeLessThanOrEqual(100);
      // The instances that were made into records are as they were.
      const again = large.looks;
      for (const slot of choice.chosen) large.prepared(`${type}`, slot, () => slot);
      expect(large.looks).toBe(again);
    }
  });

  test('a selection is found by what was noted of it, a look at each only when it is first asked for', () => {
    const large = largeApps.of({ env: 'prod', appid: 'orders' }) as LargeApp;
    const choose = () => {
      const slots = large.select([
        { key: '_version', value: '1' },
        { key: '_zone', value: 'z2' },
      ]);
      return large.choose({ large, slots, key: '', portNames: [], narrowing: '' }, 1, 7);
    };
    expect(choose().having).toBe(size / 6);
    harness.patch('orders.prod/i5', { zone: 'z1' });
    const before = large.looks;
    expect(choose().having).toBe(size / 6 - 1);
    expect(large.looks).toBe(before);
    harness.patch('orders.prod/i5', { zone: 'z2' });
  });

  test('it is let go when it has half as many addresses as make it large', () => {
    const few = new Harness();
    const apps = new LargeApps(few.registry);
    few.registry.onChange((change) => apps.changed(change));
    const isLarge = () => apps.of({ env: 'prod', appid: 'orders' }) !== undefined;
    for (let i = 0; i < 100; i++) few.register(`orders.prod/i${i}`);
    expect(isLarge()).toBe(false);
    few.register('orders.prod/one');
    expect(isLarge()).toBe(true);
    for (let i = 0; i < 50; i++) few.cancel(`orders.prod/i${i}`);
    expect(isLarge()).toBe(true);
    few.cancel('orders.prod/one');
    expect(isLarge()).toBe(false);
  });
});
