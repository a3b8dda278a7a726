// Whether the zone's own name servers can be reached: an NS of the apex that points into the zone must lead to an
// address (RFC 1034 §4.2.1, RFC 2181 §10.3), at that name or by a wildcard. BIND and Knot refuse the zone otherwise.
// Not looked at, as at least two of the three do not: delegations, and targets at or below a delegation.

import { RRType, targetOf } from '../message/message.ts';
import { childOf, fold, isWithin, type Name, nameToText, parentOf } from '../message/name.ts';
import { hasType, type RecordTable } from '../zone/record-table.ts';
import type { ParsedZone } from './parse.ts';

/** Notes a fault for each NS record at the apex whose target cannot have an address. */
export function checkServers(apex: Name, { records, faults }: ParsedZone): void {
  const { table } = records;
  for (const number of table.of(table.names.apex)) {
    if (table.type(number) !== RRType.NS) continue;
    const record = records.record(number);
    const target = fold(targetOf(record.rdata) as Name);
    if (!isWithin(target, apex)) continue;
    if ([target, ...ancestorsOf(target, apex)].some((name) => name !== apex && has(table, name, RRType.NS))) continue;
    const name = wildcardFor(target, table) ?? target;
    if (has(table, name, RRType.A) || has(table, name, RRType.AAAA)) continue;
    const isAlias = has(table, name, RRType.CNAME);
    const what = isAlias
      ? 'name server of the zone is an alias (CNAME)'
      : 'name server of the zone has no A or AAAA record';
    faults.add(record.source, record, what, nameToText(target), 'target');
  }
}

/** The names above `name` up to the apex, nearest first. Precondition: `name` is within the zone. */
function ancestorsOf(name: Name, apex: Name): Name[] {
  const above: Name[] = [];
  for (let at = name; at !== apex; above.push(at)) at = parentOf(at);
  return above;
}

function has(table: RecordTable, name: Name, type: number): boolean {
  const number = table.names.find(name);
  return number !== undefined && hasType(number, type, table);
}

/** The wildcard that matches `name` (RFC 4592 §3.3.1); undefined: the name exists itself. */
function wildcardFor(name: Name, { names }: RecordTable): Name | undefined {
  if (names.find(name) !== undefined) return undefined;
  let encloser = parentOf(name);
  while (names.find(encloser) === undefined) encloser = parentOf(encloser);
  return childOf('*', encloser);
}
