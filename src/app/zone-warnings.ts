// What an operator is warned of once zones are served: registered instances that a zone file hides, and a name server whose
// published addresses are none at which we listen. Logged at the start and with every reload.

import { RRType, targetOf } from '../dns/message/message.ts';
import { fold, type Name, nameToText } from '../dns/message/name.ts';
import type { LiveZones } from '../dns/services/live-zones.ts';
import { isUnspecified } from '../dns/services/made-zone.ts';
import type { Zone } from '../dns/zone/zone.ts';
import type { ZoneTable } from '../dns/zone/zone-table.ts';
import { ipv6ToText } from '../model/ip.ts';

export interface ZoneWarning {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Apps that a warning names; the others are counted. */
const namedMax = 10;

/** Logs the warnings about zones. */
export function warnerOfZones(
  zones: ZoneTable,
  live: Pick<LiveZones, 'hiddenBy'>,
  listens: readonly { readonly host: string }[],
  logger: { warn(facts: ZoneWarning['facts'], message: string): void },
): (apexes: Iterable<Name>) => void {
  const listened = listens.map(({ host }) => host);
  return (apexes) => {
    for (const { facts, message } of zoneWarnings(apexes, zones, live, listened)) logger.warn(facts, message);
  };
}

export function zoneWarnings(
  apexes: Iterable<Name>,
  zones: ZoneTable,
  live: Pick<LiveZones, 'hiddenBy'>,
  listened: readonly string[],
): ZoneWarning[] {
  const warnings: ZoneWarning[] = [];
  for (const apex of apexes) {
    const zone = zones.get(apex);
    if (zone === undefined) continue;
    const hidden = [...live.hiddenBy(apex)];
    if (hidden.length > 0) {
      const instances = hidden.reduce((sum, [, count]) => sum + count, 0);
      const apps = Object.fromEntries(hidden.slice(0, namedMax));
      const facts = { zone: nameToText(apex), instances, apps, appsInAll: hidden.length };
      warnings.push({ facts, message: 'a zone file hides registered instances: its records win at their names' });
    }
    warnings.push(...nameServerWarnings(zone, zones, listened));
  }
  return warnings;
}

function nameServerWarnings(zone: Zone, zones: ZoneTable, listened: readonly string[]): ZoneWarning[] {
  if (listened.some(isUnspecified) && addressesOfServers(zone, zones).every(({ hosts }) => hosts.length > 0)) return [];
  return addressesOfServers(zone, zones).flatMap(({ server, hosts }) => {
    if (hosts.some((host) => listened.includes(host))) return [];
    const facts = { zone: nameToText(zone.apex), nameServer: nameToText(server), addresses: hosts, listened };
    const message =
      hosts.length === 0
        ? 'the name server has no address: resolvers cannot be led here; set nameServerAddresses'
        : 'no address of the name server is one at which DNS listens';
    return [{ facts, message }];
  });
}

/** Of the servers whose addresses lie in our zones. */
function addressesOfServers(zone: Zone, zones: ZoneTable): { readonly server: Name; readonly hosts: string[] }[] {
  const ns = zone.records.get(zone.apex)?.rrset(RRType.NS).rrset;
  return (ns?.rdatas ?? []).flatMap((rdata) => {
    const server = fold(targetOf(rdata) as Name);
    const node = zones.find(server)?.records.get(server);
    if (zones.find(server) === undefined) return [];
    const hosts = [RRType.A, RRType.AAAA].flatMap((type) => node?.rrset(type).rrset?.rdatas ?? []);
    return [{ server, hosts: hosts.map(([octets]) => hostOf(octets as Uint8Array)) }];
  });
}

function hostOf(octets: Uint8Array): string {
  return octets.length === 4 ? octets.join('.') : ipv6ToText(octets);
}
