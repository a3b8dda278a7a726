// Times as callers write them.

import { expect, test } from 'vitest';
import { parseMoment } from '../../../src/http/api/moment.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);

test.each<[text: string, iso: string]>([
  ['now', '2026-11-21T12:00:00.000Z'],
  ['-0s', '2026-11-21T12:00:00.000Z'],
  ['-90s', '2026-11-21T11:58:30.000Z'],
  ['-15m', '2026-11-21T11:45:00.000Z'],
  ['-2h', '2026-11-21T10:00:00.000Z'],
  ['-7d', '2026-11-14T12:00:00.000Z'],
  ['-999999999d', '1970-01-01T00:00:00.000Z'],
  ['2026-11-21T09:30:00Z', '2026-11-21T09:30:00.000Z'],
  ['2026-11-21T09:30:00.123Z', '2026-11-21T09:30:00.123Z'],
  ['2026-11-21T09:30Z', '2026-11-21T09:30:00.000Z'],
  ['2026-11-21T09:30:00+02:00', '2026-11-21T07:30:00.000Z'],
  // A plus sign that was not percent-encoded in a query.
  ['2026-11-21T09:30:00 02:00', '2026-11-21T07:30:00.000Z'],
  ['2026-11-21T09:30:00.5-05:00', '2026-11-21T14:30:00.500Z'],
])('%s is %s', (text, iso) => {
  expect(new Date(parseMoment(text, nowMs) ?? Number.NaN).toISOString()).toBe(iso);
});

test.each([
  '',
  '-',
  '15m',
  '+15m',
  '-15',
  '-1.5h',
  '-1w',
  '-15M',
  ' now',
  'NOW',
  '2026-11-21',
  '2026-11-21T09:30:00',
  '2026-02-30T09:30:00Z',
  '2026-11-21T25:00:00Z',
  '2026-11-21T09:30:00+2',
  '1763715600',
  '2026-11-21 09:30:00Z',
])('"%s" is none', (text) => {
  expect(parseMoment(text, nowMs)).toBeUndefined();
});
