// Reads BIND's "raw" zone format (named-compilezone -F raw): records as they stand on the wire, so a comparison with
// ours depends on no text form. A header, then for each RRset its length, class, type, covered type, TTL, number of
// records, owner, and each record's data behind a length (dns_rawformat_version 1).

import { fold, type Name } from '../../../src/dns/message/name.ts';
import { recordKey } from './zone-of.ts';

const headerOctets = 24;

/** Every record as recordsOf shows it. */
export function rawRecords(raw: Buffer): string[] {
  const records: string[] = [];
  let at = headerOctets;
  const number = (octets: number) => {
    at += octets;
    return raw.readUIntBE(at - octets, octets);
  };
  const take = (octets: number) => {
    at += octets;
    return raw.subarray(at - octets, at);
  };
  while (at < raw.length) {
    const end = at + number(4);
    take(2);
    const type = number(2);
    take(2);
    const ttl = number(4);
    const count = number(4);
    const owner = fold(take(number(2)).toString('latin1') as Name);
    for (let i = 0; i < count; i++) records.push(recordKey(owner, ttl, type, take(number(2))));
    if (at !== end) throw new Error(`Not BIND's raw format: an RRset ends at ${at}, not ${end}`);
  }
  return records.sort();
}
