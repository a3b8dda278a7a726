// The lines that an operator reads about zone files: what is served, which file, and why not another.

import { expect, test } from 'vitest';
import { zoneEventText } from '../../src/app/zone-event-text.ts';
import { ZoneTable } from '../../src/dns/zone/zone-table.ts';
import { zoneOf } from '../kit/dns/static-records.ts';

const zone = zoneOf('a.', ['a. 60 SOA ns.a. h.a. 7 2 3 4 5', 'a. 60 NS ns.a.']);
const zones = new ZoneTable();
zones.set(zone);
const path = 'zones/a.zone';

test.each([
  [true, 'loaded a new zone'],
  [false, 'reloaded a zone'],
])('a zone with its serial and size, new: %s', (isNew, message) => {
  expect(zoneEventText({ kind: 'loaded', path, zone, digest: 'd', isNew, isMended: !isNew }, zones)).toEqual({
    level: 'info',
    facts: { zone: 'a.', serial: 7, records: 2, file: path, mended: !isNew },
    message,
  });
});

test.each([
  [true, 'cannot load a zone: the last good version is served'],
  [false, 'cannot load a zone: it is not served'],
])('a refused file with its faults, served before: %s', (isServed, message) => {
  const faults = [{ file: path, line: 3, column: 5, message: 'not a TTL: "x"' }];
  expect(zoneEventText({ kind: 'refused', path, faults, isServed }, zones)).toMatchObject({
    level: 'warn',
    facts: { file: path, faults: [expect.stringContaining('not a TTL')] },
    message,
  });
});

test('a file that is good again, one that is gone, and a folder that cannot be watched', () => {
  expect(zoneEventText({ kind: 'mended', path }, zones)).toMatchObject({ level: 'info', facts: { file: path } });
  expect(zoneEventText({ kind: 'deleted', path }, zones).message).toContain('zoneGraceSeconds');
  expect(zoneEventText({ kind: 'unwatched', path: 'zones', reason: 'EMFILE' }, zones)).toEqual({
    level: 'warn',
    facts: { folder: 'zones', reason: 'EMFILE' },
    message: 'cannot watch a folder of zones',
  });
});
