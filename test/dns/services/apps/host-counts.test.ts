// Addresses that several instances of an app have, counted by hash: as a count of each says.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostCounts } from '../../../../src/dns/services/apps/host-counts.ts';

describe('addresses that several instances of an app have', () => {
  test('are as many as a count of each says, for any history', () => {
    const step = fc.record({ host: fc.integer({ min: 0, max: 700 }), isAdded: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3000 }), (steps) => {
        const counts = new HostCounts();
        const expected = new Map<string, number>();
        for (const { host, isAdded } of steps) {
          const text = `10.0.${host >> 8}.${host & 255}`;
          const known = expected.get(text) ?? 0;
          if (isAdded) counts.add(text);
          else if (known > 0) counts.remove(text);
          expected.set(text, Math.max(0, known + (isAdded ? 1 : -1)));
        }
        expect(counts.shared).toBe([...expected.values()].filter((count) => count > 1).length);
      }),
      { numRuns: 50 },
    );
  });

  test('are none again when all but one have left, however many there were', () => {
    const counts = new HostCounts();
    for (let i = 0; i < 20_000; i++) counts.add('10.0.0.1');
    for (let i = 0; i < 20_000; i++) counts.add(`2001:db8::${i.toString(16)}`);
    expect(counts.shared).toBe(1);
    for (let i = 1; i < 20_000; i++) counts.remove('10.0.0.1');
    expect(counts.shared).toBe(0);
  });
});
