// The checker of histories finds what it is there for.

import { expect, test } from 'vitest';
import { back, fallen, vanished } from './cluster-checker.ts';
import type { Beating, Sample } from './cluster-clients.ts';

const beating = (more: Partial<Beating> = {}): Beating => ({
  ...{ name: 'i1', address: '10.2.0.1', home: 0, isSilent: false, registeredMs: 0, unbrokenMs: 0 },
  ...{ provenMs: 99_000, lastMs: 99_000, cancelledMs: undefined, again: 0 },
  ...more,
});
const sample = (more: Partial<Sample> = {}): Sample => ({
  ...{ atMs: 100_000, node: 0, state: 'joined', life: 'a', serial: 5, addresses: new Set<string>() },
  ...more,
});

test('an instance that renews and is not answered by a joined node has vanished', () => {
  expect(vanished(sample(), [beating()])).toEqual(['i1']);
  expect(vanished(sample({ addresses: new Set(['10.2.0.1']) }), [beating()])).toEqual([]);
  expect(vanished(sample({ state: 'cut' }), [beating()])).toEqual([]);
  // It was registered again a moment ago, or its renewals reached no joined node.
  expect(vanished(sample(), [beating({ unbrokenMs: 98_000 })])).toEqual([]);
  expect(vanished(sample(), [beating({ provenMs: 90_000 })])).toEqual([]);
});

test('a cancelled one that is answered a second later is back', () => {
  const there = sample({ addresses: new Set(['10.2.0.1']) });
  expect(back(there, [beating({ isSilent: true, cancelledMs: 98_000 })])).toEqual(['i1']);
  expect(back(there, [beating({ isSilent: true, cancelledMs: 99_500 })])).toEqual([]);
});

test('a serial that is lower than before at the same node has fallen, but for another life', () => {
  const samples = [sample(), sample({ serial: 7 }), sample({ serial: 6 }), sample({ serial: 1, life: 'b' })];
  expect(fallen(samples)).toEqual([samples[2]]);
});
