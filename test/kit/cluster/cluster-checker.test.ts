// The checker of histories finds what it is there for.

import { expect, test } from 'vitest';
import { back, fallen, unlike, vanished } from './cluster-checker.ts';
import type { Beating, Sample } from './cluster-clients.ts';
import { type RegisterCall, registerFaults } from './cluster-registers.ts';

const beating = (more: Partial<Beating> = {}): Beating => ({
  ...{
    name: 'i1',
    address: '10.2.0.1',
    home: 0,
    isSilent: false,
    isOut: false,
    backMs: 0,
    registeredMs: 0,
    unbrokenMs: 0,
  },
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

test('one that is drained has not vanished, and is looked for some seconds after it is up again', () => {
  expect(vanished(sample(), [beating({ isOut: true })])).toEqual([]);
  expect(vanished(sample(), [beating({ backMs: 98_000 })])).toEqual([]);
  expect(vanished(sample(), [beating({ backMs: 90_000 })])).toEqual(['i1']);
});

test('two joined nodes with one number and two states are unlike', () => {
  const other = { addresses: new Set(['10.2.0.1']) };
  expect(unlike([sample(), sample({ node: 1, ...other })])).toHaveLength(1);
  expect(unlike([sample(), sample({ node: 1, serial: 6, ...other })])).toEqual([]);
  expect(unlike([sample(), sample({ node: 1, state: 'cut', ...other })])).toEqual([]);
});

test('reads of a register contradict what was done, and nothing else', () => {
  const call = (kind: 'write' | 'read', value: number, calledMs: number, more: Partial<RegisterCall> = {}) => ({
    ...{ key: 'k', kind, value, calledMs, returnedMs: calledMs + 5, outcome: 'done' as const },
    ...more,
  });
  const writes = [call('write', 1, 0), call('write', 2, 10)];
  expect(registerFaults([...writes, call('read', 2, 20)])).toEqual([]);
  expect(registerFaults([...writes, call('read', 1, 12)])).toEqual([]);
  expect(registerFaults([...writes, call('read', 1, 20)])).toHaveLength(1);
  expect(registerFaults([...writes, call('read', 3, 20)])).toHaveLength(1);
  const refused = call('write', 3, 30, { outcome: 'refused' });
  expect(registerFaults([...writes, refused, call('read', 3, 40)])).toHaveLength(1);
  const unknown = call('write', 3, 30, { outcome: 'unknown' });
  expect(registerFaults([...writes, unknown, call('read', 2, 40), call('read', 3, 50)])).toEqual([]);
  // Read at two places one after the other, while it was written.
  const long = call('write', 3, 30, { returnedMs: 100 });
  expect(registerFaults([...writes, long, call('read', 3, 40), call('read', 2, 50)])).toHaveLength(1);
});
