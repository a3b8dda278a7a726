// The effective status, from three inputs.

import { expect, test } from 'vitest';
import type { Verdict } from '../../src/model/health.ts';
import { effectiveStatus, isHold, type Override, overrideAfterUp, type Status } from '../../src/model/status.ts';

const plain: Override = { status: 'waiting', by: 'ops', reason: undefined, until: 'next-up' };
const held: Override = { ...plain, until: 1000 };
const forced: Override = { ...plain, status: 'up', until: 'unbounded' };

test.each<[Status, Verdict | undefined, Override | undefined, Status]>([
  ['up', undefined, undefined, 'up'],
  ['waiting', undefined, undefined, 'waiting'],
  ['up', 'passing', undefined, 'up'],
  ['up', 'unchecked', undefined, 'waiting'],
  ['up', 'critical', undefined, 'waiting'],
  ['waiting', 'passing', undefined, 'waiting'],
  ['up', 'passing', plain, 'waiting'],
  ['up', undefined, held, 'waiting'],
  ['waiting', 'critical', forced, 'up'],
])('wanted %s, found %s, override %o: %s', (wanted, verdict, override, status) => {
  expect(effectiveStatus(wanted, verdict, override)).toBe(status);
});

test('a registration with up ends a plain drain and no hold', () => {
  expect([undefined, plain, held, forced].map(overrideAfterUp)).toEqual([undefined, undefined, held, forced]);
  expect([undefined, plain, held, forced].map(isHold)).toEqual([false, false, true, true]);
});
