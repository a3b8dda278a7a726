// A zone on its way to another thread: the same names and records there, large pages not copied, and their memory used
// again for the next version.

import { expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { type SharedZone, sharedZoneOf, zoneOfShared } from '../../../src/dns/zone/shared-zone.ts';
import { soaSerial, type Zone } from '../../../src/dns/zone/zone.ts';
import { SharedMemory } from '../../../src/runtime/packed/shared-memory.ts';
import { zoneOf } from '../../kit/dns/static-records.ts';

function zoneWith(hosts: number, net: string): Zone {
  const lines = Array.from({ length: hosts }, (_, i) => `host-${i}.a. 60 A ${net}.${i >> 8}.${i & 255}`);
  const head = ['a. 60 SOA ns.a. h.a. 7 2 3 4 5', 'a. 60 NS ns.a.', '*.w.a. 60 A 10.0.0.1', 'cut.a. 60 NS ns.b.'];
  return zoneOf('a.', [...head, ...lines]);
}

function addressOf(zone: Zone, host: string): string | undefined {
  const [rdata] = zone.records.get(name(host))?.rrset(1).rrset?.rdatas ?? [];
  return rdata && Buffer.from(rdata[0] as Uint8Array).join('.');
}

function sharedIn({ records }: SharedZone): Set<ArrayBufferLike> {
  const { names, lasts, rows, data } = records;
  const pages = [names.rows, names.labels, lasts, rows, data].flatMap((part): (Uint8Array | Uint32Array)[] => [
    ...part.pages,
  ]);
  return new Set([...pages, names.slots].map(({ buffer }) => buffer).filter((one) => one instanceof SharedArrayBuffer));
}

test.each([3, 20_000])('a zone of %i hosts answers there as it does here', (hosts) => {
  const here = zoneWith(hosts, '10.1');
  const parcel = sharedZoneOf(here, new SharedMemory());
  const there = zoneOfShared(structuredClone(parcel));
  expect(sharedIn(parcel).size > 0).toBe(hosts > 1000);
  expect(there).toMatchObject({ apex: here.apex, hasCuts: true, hasWildcards: true });
  expect(soaSerial(there.soa)).toBe(7);
  expect(there.records.recordCount).toBe(here.records.recordCount);
  expect([...there.records.keys()]).toEqual([...here.records.keys()]);
  for (const i of [0, 1, hosts - 1]) {
    expect(addressOf(there, `host-${i}.a.`)).toBe(`10.1.${i >> 8}.${i & 255}`);
    expect(addressOf(here, `host-${i}.a.`)).toBe(`10.1.${i >> 8}.${i & 255}`);
  }
  expect(there.records.get(name('host.a.'))).toBeUndefined();
});

test('memory that is given back serves the next version', () => {
  const memory = new SharedMemory();
  const first = zoneWith(20_000, '10.1');
  const used = sharedIn(sharedZoneOf(first, memory));
  first.records.table.move(memory.releasing);
  const second = zoneWith(20_000, '10.2');
  const again = sharedIn(sharedZoneOf(second, memory));
  expect(again).toEqual(used);
  expect(addressOf(second, 'host-300.a.')).toBe('10.2.1.44');
});
