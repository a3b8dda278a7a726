// When apps left: remembered for a while, and what is forgotten counts as changed, never as unchanged.

import { expect, test } from 'vitest';
import { Tombstones } from '../../../src/registry/apps/tombstones.ts';

test('a departed app has the revision of its departure, an unknown one that of the start', () => {
  const departures = new Tombstones(0, 2);
  expect(departures.revisionOf('prod', 'a')).toBe(0);
  departures.remember('prod', 'a', 7);
  expect(departures.revisionOf('prod', 'a')).toBe(7);
  expect(departures.revisionOf('dev', 'a')).toBe(0);
});

test('the oldest is forgotten first, and what was forgotten is as new as the newest of them', () => {
  const departures = new Tombstones(0, 2);
  departures.remember('prod', 'a', 1);
  departures.remember('prod', 'b', 2);
  departures.remember('prod', 'c', 3);
  expect(departures.revisionOf('prod', 'a')).toBe(1);
  departures.remember('prod', 'd', 4);
  expect(departures.revisionOf('prod', 'a')).toBe(2);
  expect(departures.revisionOf('prod', 'never')).toBe(2);
  expect(departures.revisionOf('prod', 'c')).toBe(3);
});

test('an app that came back and left again is forgotten last', () => {
  const departures = new Tombstones(0, 2);
  departures.remember('prod', 'a', 1);
  departures.remember('prod', 'b', 2);
  departures.forget('prod', 'a');
  departures.remember('prod', 'a', 3);
  departures.remember('prod', 'c', 4);
  expect(departures.revisionOf('prod', 'a')).toBe(3);
  expect(departures.revisionOf('prod', 'b')).toBe(2);
});

test('what is older than this process counts as changed when it began', () => {
  expect(new Tombstones(100, 2).revisionOf('prod', 'a')).toBe(100);
});
