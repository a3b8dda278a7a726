// Host names among an instance's addresses that lie in our own zones. Such a name becomes the target of SRV records, so it
// has to have addresses and must not be an alias (RFC 2782, "Target"); here we can know. Names of others are theirs.
// Looked at when an address comes in: what becomes of its name later does not take a registration away.

import { onlyIpv4Of } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import { type Problem, problem } from '../../model/problem.ts';
import type { RegistryView } from '../../model/view.ts';
import { RRType } from '../message/message.ts';
import { fold, isWithin, labelsOf, type Name, parseName, ROOT } from '../message/name.ts';
import { lookUp } from '../zone/lookup.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import { findServiceName, type LargeAppsView } from './names/service-name.ts';

export interface Served {
  readonly origin: Name;
  readonly view: RegistryView;
  readonly zones: ZoneTable;
  readonly largeApps: LargeAppsView;
}

/** The first of the host names that were not there `before` and cannot work. */
export function targetProblem(instance: Instance, before: Instance | undefined, served: Served): Problem | undefined {
  // Nearly always, and without a list of its addresses.
  if (onlyIpv4Of(instance) !== undefined) return undefined;
  for (const [index, { host, family }] of instance.addrs.entries()) {
    if (family !== 'name' || before?.addrs.some((known) => known.host === host) === true) continue;
    const name = parseName(host, ROOT);
    const fault = typeof name === 'string' ? faultOf(fold(name), instance, served) : undefined;
    if (fault !== undefined) return problem(`addrs[${index}]`, `has the host ${host}, ${fault}`, host);
  }
  return undefined;
}

function faultOf(name: Name, instance: Instance, served: Served): string | undefined {
  const { origin, view, zones, largeApps } = served;
  const zone = zones.find(name);
  if (zone === undefined || zone.isBroken === true) return undefined;
  const found = lookUp(zone, name, RRType.A, 0);
  if (found.kind === 'delegation') return undefined;
  if (found.kind === 'dname') return 'which is an alias (DNAME): a target must be a name that has addresses itself';
  const labels = isWithin(name, origin) ? labelsOf(name.slice(0, name.length - origin.length) as Name) : [];
  if (labels.length > 1 && isItself(labels, instance)) return 'which is the app or the instance itself';
  if (found.kind === 'nothing') return 'which does not exist in the zone that is served here';
  const { node } = found;
  const has = (type: number) => zone.records.get(name)?.rrset(type).rrset !== undefined;
  const isStatic = node.source === undefined;
  if (isStatic ? node.rrset(RRType.CNAME).rrset !== undefined : has(RRType.CNAME))
    return 'which is an alias (CNAME): a target must be a name that has addresses itself';
  const hasOwn = isStatic
    ? node.rrset(RRType.A).rrset !== undefined || node.rrset(RRType.AAAA).rrset !== undefined
    : has(RRType.A) || has(RRType.AAAA);
  if (hasOwn) return undefined;
  // Of instances that wait as well: they may be up by the time of a query.
  const service = labels.length > 1 ? findServiceName(labels, view, largeApps) : undefined;
  if (service?.kind === 'scope' && service.scope.kind !== 'service')
    for (const { instance: one } of service.scope.instances())
      if (one.addrs.some((address) => address.family !== 'name' && service.scope.servesAddress?.(address) !== false))
        return undefined;
  return 'which has no address in the zone that is served here';
}

/** The app's name, the instance's own, and all below that. */
function isItself(labels: readonly string[], { appid, env, label }: Instance): boolean {
  const own = `${label}.${appid}.${env}`;
  const text = labels.join('.');
  return text === `${appid}.${env}` || text === own || text.endsWith(`.${own}`);
}
