// Names that cannot be registered, because a zone file has them: files win (design §10), so such an instance would be
// accepted and never be found.

import { RRType } from '../message/message.ts';
import { childOf, fold, type Name } from '../message/name.ts';
import type { Node, Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';

/** Whether no file has anything in `env`, so that every name of it can be registered. */
export function isOpenEnv(env: string, origin: Zone, zones: Pick<ZoneTable, 'get' | 'leadsToZone'>): boolean {
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

/**
 * Why `text` (labels below the origin: `orders.prod`) cannot be registered: files win, so it would never be answered.
 * Undefined where it can.
 */
export function reservedReason(
  text: string,
  origin: Zone,
  zones: Pick<ZoneTable, 'get' | 'leadsToZone'>,
): string | undefined {
  let name: Name = origin.apex;
  let zone = origin;
  let node: Node | undefined;
  for (const label of text.split('.').reverse()) {
    const child = childOf(label, name);
    // Longer than a name can be: the registry says so itself.
    if (child === undefined) return undefined;
    name = fold(child);
    zone = zones.get(name) ?? zone;
    node = zone.records.get(name);
    // No file has anything here or below: so it is for nearly all names, at their env.
    if (node === undefined && !zones.leadsToZone(name)) return undefined;
    const isCut = name !== zone.apex && node?.rrset(RRType.NS).rrset !== undefined;
    if (isCut) return 'is delegated to other servers by a zone file';
    if (node?.rrset(RRType.DNAME).rrset !== undefined) return 'is redirected (DNAME) by a zone file';
  }
  // What a broken file takes is not known; the registrations of before must outlive a slip in it.
  if (zone.isBroken === true) return undefined;
  return node !== undefined && isHiding(node) ? 'has records in a zone file, which win over registrations' : undefined;
}
