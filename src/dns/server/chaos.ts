// Class CH: which server this is (RFC 4892) and of which version, as configured and closed by default. Another name,
// type or an empty setting is REFUSED: undefined here.

import { RRClass, RRType } from '../message/message.ts';
import { type Name, name } from '../message/name.ts';
import type { Identity } from '../message/opt.ts';

const idNames: ReadonlySet<Name> = new Set([name('id.server.'), name('hostname.bind.')]);
const versionNames: ReadonlySet<Name> = new Set([name('version.bind.'), name('version.server.')]);
/** A character-string has no more (RFC 1035 §3.3.14). */
const stringOctetsMax = 255;

/** The TXT record in wire form, owned by the question's name, of class CH and TTL 0. */
export function chaosRecord(qname: Name, qtype: number, identity: Identity): Buffer | undefined {
  if (qtype !== RRType.TXT && qtype !== RRType.ANY) return undefined;
  const text = idNames.has(qname) ? identity.serverId : versionNames.has(qname) ? identity.serverVersion : '';
  if (text === '') return undefined;
  const octets = Buffer.from(text, 'utf8').subarray(0, stringOctetsMax);
  const record = Buffer.alloc(13 + octets.length);
  // A pointer to the question, which always begins after the header.
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(RRType.TXT, 2);
  record.writeUInt16BE(RRClass.CH, 4);
  record.writeUInt16BE(octets.length + 1, 10);
  record[12] = octets.length;
  record.set(octets, 13);
  return record;
}
