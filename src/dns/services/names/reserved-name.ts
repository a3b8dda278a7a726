// Names at which a zone file answers in place of the registry: files win (design §10). What would be hidden whole cannot be
// registered, since it would be accepted and never be found; what is hidden in part is in the registration's reply.

import type { Address } from '../../../model/address.ts';
import { dnsNames, type HiddenName } from '../../../model/dns-names.ts';
import type { Instance } from '../../../model/instance.ts';
import { RRType } from '../../message/message.ts';
import { childOf, fold, type Name, nameToText } from '../../message/name.ts';
import { typeName } from '../../message/type-names.ts';
import type { Node, Zone } from '../../zone/zone.ts';
import type { ZoneTable } from '../../zone/zone-table.ts';
import { httpsPortNames, svcbPortNames } from '../apps/service-ports.ts';

type Zones = Pick<ZoneTable, 'get' | 'leadsToZone'>;

/** What of a file lies over a live name. `records`: those at the name itself; the others hide all of it. */
type Cover =
  | { readonly by: 'records'; readonly zone: Zone; readonly node: Node }
  | { readonly by: 'alias' | 'delegation' | 'redirection'; readonly zone: Zone };

/** Whether no file has anything in `env`, so that every name of it can be registered. */
export function isOpenEnv(env: string, origin: Zone, zones: Zones): boolean {
  const child = childOf(env, origin.apex);
  if (child === undefined) return false;
  const name = fold(child);
  return origin.records.get(name) === undefined && zones.get(name) === undefined && !zones.leadsToZone(name);
}

/** Types that registered instances have records of, and an alias, beside which there is nothing. */
const liveTypes: ReadonlySet<number> = new Set([
  RRType.A,
  RRType.AAAA,
  RRType.SRV,
  RRType.TXT,
  RRType.HTTPS,
  RRType.SVCB,
  RRType.CNAME,
]);

/** Whether a file's records at a name hide those of registered instances. */
export function isHiding(node: Node): boolean {
  return node.types().some((type) => liveTypes.has(type));
}

const reasons = {
  alias: 'is an alias (CNAME) in a zone file',
  delegation: 'is delegated to other servers by a zone file',
  redirection: 'is redirected (DNAME) by a zone file',
  records: 'has records of all its types in a zone file, which win over registrations',
} as const;

/**
 * Why an instance with these addresses cannot have the name `text` (labels below the origin: `orders.prod`): nothing of
 * it would ever be answered there. Undefined where it can. Without `addrs`: whatever they are.
 */
export function reservedReason(
  text: string,
  origin: Zone,
  zones: Zones,
  addrs?: readonly Address[],
): string | undefined {
  const cover = coverAt(text, origin, zones);
  if (cover === undefined) return undefined;
  if (cover.by !== 'records') return reasons[cover.by];
  const isWhole = addrs !== undefined && typesOf(addrs).every((type) => has(cover.node, type));
  return isWhole ? reasons.records : undefined;
}

/** The names of an instance at which a file hides records of it. */
export function hiddenNames(instance: Instance, origin: Zone, zones: Zones): HiddenName[] {
  if (isOpenEnv(instance.env, origin, zones)) return [];
  const ending = nameToText(origin.apex);
  const hidden: HiddenName[] = [];
  for (const name of dnsNames(instance, ending)) {
    const cover = coverAt(name.slice(0, -ending.length - 1), origin, zones);
    if (cover === undefined) continue;
    const own = name.startsWith('_') ? [RRType.SRV] : typesOf(instance.addrs);
    const types = cover.by === 'records' ? own.filter((type) => has(cover.node, type)) : own;
    if (types.length > 0)
      hidden.push({ name, types: types.map(typeName), by: cover.by, zone: nameToText(cover.zone.apex) });
  }
  return hidden;
}

function coverAt(text: string, origin: Zone, zones: Zones): Cover | undefined {
  let name: Name = origin.apex;
  let zone = origin;
  let node: Node | undefined;
  for (const label of text.split('.').reverse()) {
    const child = childOf(label, name);
    // Longer than a name can be: the registry refuses it itself.
    if (child === undefined) return undefined;
    name = fold(child);
    zone = zones.get(name) ?? zone;
    node = zone.records.get(name);
    // No file has anything here or below: so it is for nearly all names, at their env.
    if (node === undefined && !zones.leadsToZone(name)) return undefined;
    if (name !== zone.apex && node !== undefined && has(node, RRType.NS)) return { by: 'delegation', zone };
    if (node !== undefined && has(node, RRType.DNAME)) return { by: 'redirection', zone };
  }
  // What a broken file takes is not known; the registrations of before must outlive a slip in it.
  if (zone.isBroken === true || node === undefined || !isHiding(node)) return undefined;
  return has(node, RRType.CNAME) ? { by: 'alias', zone } : { by: 'records', zone, node };
}

function has(node: Node, type: number): boolean {
  return node.rrset(type).rrset !== undefined;
}

/** The types that an instance has at its own name and at that of its app. */
function typesOf(addrs: readonly Address[]): number[] {
  const types: number[] = [];
  if (addrs.some(({ family }) => family === 4)) types.push(RRType.A);
  if (addrs.some(({ family }) => family === 6)) types.push(RRType.AAAA);
  types.push(RRType.SRV, RRType.TXT);
  if (addrs.some(({ portName }) => httpsPortNames.has(portName))) types.push(RRType.HTTPS);
  if (addrs.some(({ portName }) => svcbPortNames.has(portName))) types.push(RRType.SVCB);
  return types;
}
