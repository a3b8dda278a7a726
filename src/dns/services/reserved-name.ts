// Names that cannot be registered, because a zone file has them: files win (design §10), so such an instance would be
// accepted and never be found.

import { RRType } from '../message/message.ts';
import { childOf, fold, type Name } from '../message/name.ts';
import type { Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';

/** Whether no file has anything in `env`, so that every name of it can be registered. */
export function isOpenEnv(env: string, origin: Zone, zones: Pick<ZoneTable, 'get' | 'leadsToZone'>): boolean {
  const child = childOf(env, origin.apex);
  if (child === undefined) return false;
  const name = fold(child);
  return origin.records.get(name) === undefined && zones.get(name) === undefined && !zones.leadsToZone(name);
}

/**
 * Why `text` (labels below the origin: `orders.prod`) cannot be registered: files win, so it would never be answered.
 * Undefined where it can.
 */
export function reservedReason(
  text: string,
  origin: Zone,
  zones: Pick<ZoneTable, 'find' | 'get' | 'leadsToZone'>,
): string | undefined {
  let name: Name = origin.apex;
  let isInOrigin = true;
  for (const label of text.split('.').reverse()) {
    const child = childOf(label, name);
    // Longer than a name can be: the registry says so itself.
    if (child === undefined) return undefined;
    name = fold(child);
    const node = origin.records.get(name);
    isInOrigin &&= zones.get(name) === undefined;
    // No file has anything here or below: so it is for nearly all names, at their env.
    if (isInOrigin && node === undefined && !zones.leadsToZone(name)) return undefined;
    if (node?.rrset(RRType.NS).rrset !== undefined) return 'is delegated to other servers by a zone file';
    if (node?.rrset(RRType.DNAME).rrset !== undefined) return 'is redirected (DNAME) by a zone file';
  }
  const zone = zones.find(name);
  // What its file takes is not known; the registrations of before must outlive a slip in it.
  if (zone?.isBroken === true) return undefined;
  if (zone !== origin) return 'belongs to a zone that has a file of its own';
  const node = origin.records.get(name);
  return node === undefined || node.isEmpty ? undefined : 'has records in a zone file, which win over registrations';
}
