// What cannot be registered, because a file would answer for it.

import { describe, expect, test } from 'vitest';
import { name } from '../../../../src/dns/message/name.ts';
import { Draws } from '../../../../src/dns/message/rotation.ts';
import { LiveZones } from '../../../../src/dns/services/live-zones.ts';
import { brokenZone } from '../../../../src/dns/zone/zone.ts';
import { ZoneTable } from '../../../../src/dns/zone/zone-table.ts';
import { type Address, parseAddress } from '../../../../src/model/address.ts';
import { originLines, zoneOf } from '../../../kit/dns/static-records.ts';
import { deepLines, worldLines } from '../../../kit/dns/static-world.ts';
import { FakeClock } from '../../../kit/process/clock.ts';
import { CommandedRegistry } from '../../../kit/registry/commanded-registry.ts';
import { defaults, Harness } from '../../../kit/registry/harness.ts';

function liveZones(hosts: readonly string[] = []): { live: LiveZones; zones: ZoneTable } {
  const registry = new CommandedRegistry({
    clock: new FakeClock(),
    origin: 'svc.',
    defaults,
    instancesMax: 10,
    instancesPerAppMax: 10,
    initialRevision: 1,
  });
  const zones = new ZoneTable();
  const draws = new Draws(0);
  const deps = { origin: name('svc.'), view: registry, zones, draws, negativeTtlSeconds: 7, wallMs: () => 0, hosts };
  const live = new LiveZones({ ...deps, why: () => [] });
  return { live, zones };
}

describe('a name', () => {
  const { live } = liveZones();
  live.serve(zoneOf('svc.', [...originLines, ...worldLines]));
  live.serve(zoneOf('x.prod.svc.', deepLines));
  live.serveMissing();

  test.each([
    ['alias', 'alias'],
    ['ALIAS', 'alias'],
    ['orders.child', 'delegated'],
    ['child', 'delegated'],
    ['a.b.child', 'delegated'],
    ['orders.dn', 'DNAME'],
  ])('%s is reserved: %s', (text, reason) => expect(live.reservedReason(text)).toContain(reason));

  test.each([
    'orders.prod',
    'web',
    'a.b.c',
    'b.c',
    'orders.wild',
    'below.web',
    'x.prod',
    'orders.x.prod',
    `${'a'.repeat(64)}.prod`,
    'y.prod',
  ])('%s is free', (text) => expect(live.reservedReason(text)).toBeUndefined());
});

describe('records of a file at the name of an app', () => {
  const { live } = liveZones();
  const lines = (at: string, ...types: string[]) =>
    types.map((type) => `${at}.prod.svc. 60 ${type} ${{ A: '192.0.2.1', SRV: '0 0 1 ns.svc.', TXT: 'x' }[type]}`);
  live.serve(zoneOf('svc.', [...originLines, ...lines('some', 'A', 'SRV'), ...lines('all', 'A', 'SRV', 'TXT')]));
  const [ipv4, ipv6] = ['amqp://10.0.0.1:5672', 'amqp://[2001:db8::1]:5672'].map(
    (text) => parseAddress(text) as Address,
  ) as [Address, Address];

  test.each<[string, Address[], string | undefined]>([
    ['some', [ipv4], undefined],
    ['all', [ipv4], 'all its types'],
    ['all', [ipv4, ipv6], undefined],
    ['all', [ipv6], undefined],
  ])('%s of its types', (at, addrs, reason) => {
    const found = live.reservedReason(`${at}.prod`, addrs);
    if (reason === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(reason);
  });
});

describe('an origin without a file', () => {
  test('has an SOA, and an NS with the addresses where we listen, each once', () => {
    const { live, zones } = liveZones(['127.0.0.1', '::1', '127.0.0.1', 'localhost']);
    live.serveMissing();
    const zone = zones.get(name('svc.'));
    const rdatas = (owner: string, type: number) => zone?.records.get(name(owner))?.rrset(type).rrset?.rdatas;
    expect(rdatas('svc.', 2)).toEqual([[name('ns.svc.')]]);
    expect(rdatas('ns.svc.', 1)?.map(([octets]) => [...(octets as Uint8Array)])).toEqual([[127, 0, 0, 1]]);
    expect(rdatas('ns.svc.', 28)).toHaveLength(1);
    expect(zone?.negativeSoa.ttl).toBe(7);
  });
});

test('the zones made for addresses name their server and mailbox as the origin does', () => {
  const harness = new Harness();
  for (const apex of ['10.in-addr.arpa.', 'd.f.ip6.arpa.'])
    expect(harness.query(apex, 'SOA').answer[0]?.data).toMatch(/^ns\.svc\. hostmaster\.svc\. \d+ 3600 600 86400 5$/);
});

test('names below a zone whose file is broken can be registered: what it takes is not known', () => {
  const { live } = liveZones();
  live.serve(zoneOf('svc.', originLines));
  live.serve(brokenZone(name('prod.svc.')));
  live.serveMissing();
  expect(live.isOpen('prod')).toBe(false);
  expect(live.reservedReason('orders.prod')).toBeUndefined();
});
