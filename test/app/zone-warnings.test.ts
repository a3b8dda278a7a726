// Warnings to the operator: instances that a zone file hides, and a name server that cannot be reached.

import { describe, expect, test } from 'vitest';
import { zoneWarnings } from '../../src/app/zone-warnings.ts';
import { name } from '../../src/dns/message/name.ts';
import { makeOriginZone, publishedHosts } from '../../src/dns/services/made-zone.ts';
import { ZoneTable } from '../../src/dns/zone/zone-table.ts';

const origin = name('svc.');
const none = { hiddenBy: () => new Map<string, number>() };

function tableOf(hosts: readonly string[], nameServer?: string): ZoneTable {
  const zones = new ZoneTable();
  zones.set(
    makeOriginZone(origin, [{ hosts, nameServer: nameServer === undefined ? undefined : name(nameServer) }], 5),
  );
  return zones;
}

test('instances that a file hides, by app', () => {
  const live = {
    hiddenBy: () =>
      new Map([
        ['orders.prod', 3],
        ['pay.prod', 1],
      ]),
  };
  const [warning] = zoneWarnings([origin], tableOf(['10.0.0.1']), live, ['10.0.0.1']);
  expect(warning?.facts).toEqual({
    zone: 'svc.',
    instances: 4,
    apps: { 'orders.prod': 3, 'pay.prod': 1 },
    appsInAll: 2,
  });
});

describe('the name server', () => {
  test.each<[string, string[], string[], string | undefined, number]>([
    ['at an address where we listen', ['10.0.0.1'], ['10.0.0.1', '127.0.0.1'], undefined, 0],
    ['of IPv6', ['2001:db8::1'], ['2001:db8::1'], undefined, 0],
    ['anywhere, where we listen everywhere', ['192.0.2.1'], ['0.0.0.0'], undefined, 0],
    ['at an address where we do not', ['192.0.2.1'], ['10.0.0.1'], undefined, 1],
    ['without an address', [], ['0.0.0.0'], undefined, 1],
    ['of another name, in the origin', ['192.0.2.1'], ['192.0.2.1'], 'ns1.svc.', 0],
    ['of a name that others answer for', ['192.0.2.1'], ['10.0.0.1'], 'ns1.example.com.', 0],
  ])('%s', (_, hosts, listened, nameServer, warnings) => {
    const found = zoneWarnings([origin], tableOf(hosts, nameServer), none, listened);
    expect(found).toHaveLength(warnings);
    for (const { facts } of found) expect(facts).toMatchObject({ zone: 'svc.', listened, addresses: hosts });
  });
});

describe('the addresses that are published where none are set', () => {
  test.each<[string[], string[]]>([
    [['127.0.0.1'], ['127.0.0.1']],
    [
      ['127.0.0.1', '::1'],
      ['127.0.0.1', '::1'],
    ],
    [['0.0.0.0'], []],
    [['::'], []],
    [['::', '127.0.0.1'], []],
    [['0.0.0.0', '10.0.0.1'], ['10.0.0.1']],
    [['127.0.0.1', '10.0.0.1'], ['10.0.0.1']],
    [
      ['10.0.0.1', '2001:db8::1'],
      ['10.0.0.1', '2001:db8::1'],
    ],
  ])('of %j: %j', (listened, published) => expect(publishedHosts(listened)).toEqual(published));
});
