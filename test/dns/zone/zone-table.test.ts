// Zones are found by name, the deepest one; what lies above them is known to exist.

import { expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { buildZone } from '../../../src/dns/zone/zone.ts';
import { ZoneTable } from '../../../src/dns/zone/zone-table.ts';
import { originLines, recordOf, zoneOf } from '../../kit/dns/static-records.ts';

const zoneAt = (apex: string) =>
  zoneOf(apex, [`${apex} 60 SOA ns.svc. hostmaster.svc. 1 2 3 4 5`, `${apex} 60 NS ns.svc.`]);

function tableOf(...apexes: readonly string[]): ZoneTable {
  const table = new ZoneTable();
  for (const apex of apexes) table.set(zoneAt(apex));
  return table;
}

test('the deepest zone wins, and a root zone has the rest', () => {
  const table = tableOf('svc.', 'x.prod.svc.');
  const find = (text: string) => table.find(name(text))?.apex;
  expect(find('svc.')).toBe(name('svc.'));
  expect(find('y.prod.svc.')).toBe(name('svc.'));
  expect(find('x.prod.svc.')).toBe(name('x.prod.svc.'));
  expect(find('a.b.x.prod.svc.')).toBe(name('x.prod.svc.'));
  expect(find('ax.prod.svc.')).toBe(name('svc.'));
  expect(find('example.')).toBeUndefined();
  table.set(zoneAt('.'));
  expect(find('example.')).toBe(name('.'));
});

test('DS belongs to the zone above, where it is ours', () => {
  const table = tableOf('svc.', 'x.prod.svc.');
  expect(table.findForDs(name('x.prod.svc.'))?.apex).toBe(name('svc.'));
  expect(table.findForDs(name('svc.'))?.apex).toBe(name('svc.'));
  expect(table.findForDs(name('.'))).toBeUndefined();
});

test('names above a zone lead to it', () => {
  const table = tableOf('x.prod.svc.');
  expect(['x.prod.svc.', 'prod.svc.', 'svc.'].map((text) => table.leadsToZone(name(text)))).toEqual([true, true, true]);
  expect(['a.x.prod.svc.', 'x.svc.', 'dev.svc.'].map((text) => table.leadsToZone(name(text)))).toEqual([
    false,
    false,
    false,
  ]);
});

test('each zone put in is news', () => {
  const table = tableOf('svc.');
  const { revision } = table;
  table.set(zoneAt('svc.'));
  expect(table).toMatchObject({ revision: revision + 1, size: 1 });
});

test('a zone taken out is news, and leads nowhere any more', () => {
  const table = tableOf('x.prod.svc.', 'y.svc.');
  // Put in again: still one.
  table.set(zoneAt('x.prod.svc.'));
  const { revision } = table;
  table.delete(name('x.prod.svc.'));
  table.delete(name('x.prod.svc.'));
  expect(table).toMatchObject({ revision: revision + 1, size: 1 });
  expect(['x.prod.svc.', 'prod.svc.', 'svc.'].map((text) => table.leadsToZone(name(text)))).toEqual([
    false,
    false,
    true,
  ]);
});

test('a zone without an SOA is a bug', () => {
  const records = originLines.slice(1).map(recordOf);
  expect(() => buildZone(name('svc.'), records)).toThrow('no SOA');
});
