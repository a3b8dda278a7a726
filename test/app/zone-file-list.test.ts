// What became of each file of a folder of zones, from its start to its end, as `GET /zones` lists it.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ZoneFileList } from '../../src/app/zone-file-list.ts';
import { name } from '../../src/dns/message/name.ts';
import { brokenZone } from '../../src/dns/zone/zone.ts';
import { ZoneTable } from '../../src/dns/zone/zone-table.ts';
import { loadZones } from '../../src/dns/zone-file/load.ts';
import { zoneHead, zoneText } from '../kit/dns/zone-folder.ts';
import { scratch } from '../kit/process/scratch.ts';

function world(files: Readonly<Record<string, string>>, hidden: ReadonlyMap<string, number> = new Map()) {
  const directory = scratch(files);
  const loaded = loadZones(directory);
  const zones = new ZoneTable();
  for (const zone of [...loaded.zones.values(), ...loaded.broken]) zones.set(zone);
  const live = { hiddenBy: (apex: string) => (apex === name('svc.') ? hidden : new Map<string, number>()) };
  const list = new ZoneFileList(loaded.loads, zones, live);
  const zoneOf = (file: string) => loaded.zones.get(name(file.replace('zone', ''))) ?? brokenZone(name('a.'));
  return { at: (file: string) => join(directory, file), zones, files: list, zoneOf };
}

const broken = `${zoneHead}www A 10.0.0.256\n`;

test('a good file has its serial and the number of its records', () => {
  const { files, at } = world({ 'a.zone': zoneText('10.0.0.1') });
  expect(files.list()).toEqual([
    { file: at('a.zone'), zone: 'a.', state: 'good', serves: 'file', serial: 1, records: 4, faults: [], hidden: [] },
  ]);
});

test('files at fault come first, with line and column; then those that hide something', () => {
  const hidden = new Map([['com.acme.orders.prod', 3]]);
  const { files } = world(
    { 'a.zone': zoneText('10.0.0.1'), 'svc.zone': zoneText('10.0.0.2'), 'z.zone': broken, '..zone': zoneHead },
    hidden,
  );
  const listed = files.list();
  expect(listed.map(({ zone, state, serves }) => [zone, state, serves])).toEqual([
    ['z.', 'refused', 'SERVFAIL'],
    ['svc.', 'good', 'file'],
    ['a.', 'good', 'file'],
  ]);
  expect(listed[0]?.faults.map(({ line, column }) => [line, column])).toEqual([[5, 7]]);
  expect(listed[1]?.hidden).toEqual([{ env: 'prod', appid: 'com.acme.orders', instances: 3 }]);
});

describe('a file that changes', () => {
  test('is refused with its last good version served, mended, deleted with a grace, and gone', () => {
    const { files, at, zones, zoneOf } = world({ 'a.zone': zoneText('10.0.0.1') });
    const path = at('a.zone');
    const gist = () => files.list().map(({ state, serves, faults }) => [state, serves, faults.length]);
    const faults = [{ file: path, line: 5, column: 7, message: 'no' }];
    files.changed({ kind: 'refused', path, faults, isServed: true });
    expect(gist()).toEqual([['refused', 'last good version', 1]]);
    files.changed({ kind: 'mended', path });
    expect(gist()).toEqual([['good', 'file', 0]]);
    files.changed({ kind: 'deleted', path });
    expect(gist()).toEqual([['deleted', 'last good version', 0]]);
    files.changed({ kind: 'loaded', path, zone: zoneOf('a.zone'), digest: 'd', isNew: false, isMended: true });
    expect(gist()).toEqual([['good', 'file', 0]]);
    files.changed({ kind: 'deleted', path });
    files.changed({ kind: 'released', path, apex: name('a.') });
    zones.delete(name('a.'));
    expect(gist()).toEqual([]);
  });

  test('a new one that is broken serves nothing where nothing is put in its place; a folder is no file', () => {
    const { files, at } = world({});
    files.changed({ kind: 'refused', path: at('b.zone'), faults: [], isServed: false });
    files.changed({ kind: 'refused', path: at('@.zone'), faults: [], isServed: false });
    files.changed({ kind: 'unwatched', path: at('.'), reason: 'EMFILE' });
    expect(files.list().map(({ zone, state, serves }) => [zone, state, serves])).toEqual([
      [undefined, 'refused', 'nothing'],
      ['b.', 'refused', 'nothing'],
    ]);
  });
});
