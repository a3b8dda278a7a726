// Reading zone text in tests: the corpus' zone and included files, from memory.

import type { RRset } from '../../../src/dns/message/message.ts';
import { fold, name } from '../../../src/dns/message/name.ts';
import type { StaticNode, Zone } from '../../../src/dns/zone/zone.ts';
import { type CheckedZone, checkZone } from '../../../src/dns/zone-file/check.ts';
import { formatFault } from '../../../src/dns/zone-file/fault.ts';
import { type ParsedZone, parseZoneFile } from '../../../src/dns/zone-file/parse.ts';
import { rdataOctets } from '../../../src/dns/zone-file/rdata-octets.ts';
import { inOneGo, type Sliced } from '../../../src/dns/zone-file/sliced.ts';
import { included, origin } from './corpus/zone-text.ts';

export const apex = fold(name(origin));

/** Parses `text` as the file `z`, with `files` beside it. */
export function parse(text: string, files?: Readonly<Record<string, string>>) {
  const { records, faults } = inOneGo(parsing(text, files));
  return { records: [...records], faults };
}

export function check(text: string, files?: Readonly<Record<string, string>>): CheckedZone {
  return inOneGo(checkZone(apex, inOneGo(parsing(text, files))));
}

function parsing(text: string, files: Readonly<Record<string, string>> = included): Sliced<ParsedZone> {
  return parseZoneFile({ path: 'z', identity: 'z', text: octets(text) }, apex, function* (path) {
    const found = files[path];
    yield;
    return found === undefined ? { refused: 'there is no such file' } : { path, identity: path, text: octets(found) };
  });
}

function octets(text: string): readonly Buffer[] {
  return [Buffer.from(text, 'latin1')];
}

/** Faults as `line:column: message`, the file's name in front where it is not the zone's own. */
export function faultsOf(text: string, files?: Readonly<Record<string, string>>): string[] {
  return check(text, files).faults.map((fault) => formatFault(fault).replace(/^z:/, ''));
}

/** Every record as `owner ttl type octets`, owner and octets one character each, sorted. */
export function recordsOf(zone: Zone): string[] {
  return [...zone.records.keys()]
    .map((name) => zone.records.get(name) as StaticNode)
    .flatMap((node) => node.types().map((type) => node.rrset(type).rrset as RRset))
    .flatMap(({ owner, ttl, type, rdatas }) => rdatas.map((rdata) => recordKey(owner, ttl, type, rdataOctets(rdata))))
    .sort();
}

export function recordKey(owner: string, ttl: number, type: number, octets: Buffer): string {
  return `${JSON.stringify(owner)} ${ttl} TYPE${type} ${octets.toString('hex')}`;
}
