// Reads with quorum: all keys below a prefix, in pages at one revision, and single keys.

import { type Entry, type Fault, isFault, type Listing, type ListOptions } from '../engine.ts';
import { type Connection, persistently } from './connection.ts';
import { after, bytesOf, endOfPrefix, entryOf } from './ranges.ts';
import { rpcs } from './rpcs.ts';

/** Keys of 500 octets: some 3 MB, which etcd reads in some 20 ms. */
const pageKeys = 5000;
/** Of one page, with etcd back meanwhile. */
const pageMs = 10_000;
/** A compaction may come between two pages; a second one within a second or two is no accident. */
const attemptsMax = 3;

interface PagedOptions extends ListOptions {
  readonly limit?: number;
}

export async function listPrefix(
  connection: Connection,
  prefix: string,
  options: PagedOptions = {},
): Promise<Listing | Fault> {
  for (let attempt = 1; ; attempt++) {
    const listing = await listOnce(connection, prefix, options);
    if (!isFault(listing) || listing.fault !== 'compacted' || attempt === attemptsMax) return listing;
  }
}

async function listOnce(
  connection: Connection,
  prefix: string,
  { keysOnly = false, except, limit = pageKeys }: PagedOptions,
): Promise<Listing | Fault> {
  const entries: Entry[] = [];
  const [first, end] = [bytesOf(prefix), endOfPrefix(prefix)];
  const without = except === undefined ? undefined : prefix + except;
  const parts =
    without === undefined
      ? [{ key: first, rangeEnd: end }]
      : [
          { key: first, rangeEnd: bytesOf(without) },
          { key: endOfPrefix(without), rangeEnd: end },
        ];
  let [revision, clusterId] = [0n, ''];
  for (const part of parts) {
    let { key } = part;
    for (let isMore = true; isMore; ) {
      const request = { key, rangeEnd: part.rangeEnd, limit: BigInt(limit), revision, keysOnly };
      const page = await persistently(connection, pageMs, (leftMs) => connection.call(rpcs.range, request, leftMs));
      if (isFault(page)) return page;
      if (revision === 0n) revision = page.header?.revision ?? 0n;
      clusterId = (page.header?.clusterId ?? 0n).toString(16);
      for (const one of page.kvs) entries.push(entryOf(one));
      const last = page.kvs.at(-1);
      isMore = page.more && last !== undefined;
      if (last !== undefined) key = after(last.key);
    }
  }
  return { revision: Number(revision), clusterId, entries };
}

export async function readKey(
  connection: Connection,
  key: string,
  withinMs: number,
): Promise<{ readonly revision: number; readonly clusterId: string; readonly entry: Entry | undefined } | Fault> {
  const reply = await persistently(connection, withinMs, (leftMs) =>
    connection.call(rpcs.range, { key: bytesOf(key), limit: 1n }, leftMs),
  );
  if (isFault(reply)) return reply;
  const [found] = reply.kvs;
  return {
    revision: Number(reply.header?.revision ?? 0n),
    clusterId: (reply.header?.clusterId ?? 0n).toString(16),
    entry: found === undefined ? undefined : entryOf(found),
  };
}
