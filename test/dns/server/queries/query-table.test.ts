// What a DNS thread counts of its queries, read as the main thread reads it.

import { describe, expect, test } from 'vitest';
import { QueryDrain } from '../../../../src/dns/plane/query-drain.ts';
import { queryMemoryOctets, rowsMax } from '../../../../src/dns/server/queries/query-memory.ts';
import { type ClientDetail, type QueryCounts, QueryTable } from '../../../../src/dns/server/queries/query-table.ts';
import { questionHash } from '../../../../src/dns/server/question.ts';
import type { QuerySample } from '../../../../src/model/query-sample.ts';
import { Harness } from '../../../kit/harness.ts';
import { packet } from '../../../kit/packet.ts';

interface Read {
  readonly samples: readonly QuerySample[];
  readonly unlisted: number;
}

class Counted {
  readonly counts: QueryCounts;
  readonly #drain: QueryDrain;
  readonly table: QueryTable;

  constructor(detail: ClientDetail = 'addresses') {
    this.counts = { memory: new SharedArrayBuffer(queryMemoryOctets), detail };
    this.table = new QueryTable(this.counts);
    this.#drain = new QueryDrain(this.counts);
  }

  get isFilling(): boolean {
    return this.#drain.isFilling;
  }

  read(): Read {
    const samples: QuerySample[] = [];
    let unlisted = 0;
    this.#drain.drain({
      add: (sample) => void samples.push(sample),
      addUnlisted: (queries) => {
        unlisted += queries;
      },
    });
    return { samples, unlisted };
  }

  ask(name: string, rcode = 0, address = '10.1.2.3', nowMs = 1000): void {
    const bytes = packet({ name, type: 1 });
    const hash = questionHash(bytes, 12, bytes.length - 12);
    this.table.count(undefined, hash, bytes, 12, bytes.length - 12, rcode, 'udp', { transport: 'udp', address }, nowMs);
  }
}

const sum = (reads: readonly Read[]): number =>
  reads.reduce((all, { samples }) => all + samples.reduce((one, { queries }) => one + queries, 0), 0);

describe('a query is counted', () => {
  test('by name in lower case, type, rcode, transport and client, with its first and last time', () => {
    const counted = new Counted();
    counted.ask('Orders.PROD.svc.', 0, '10.1.2.3', 1000);
    counted.ask('orders.prod.svc.', 0, '10.1.2.3', 2500);
    counted.ask('orders.prod.svc.', 0, '2001:db8::1', 3000);
    counted.ask('orders.prod.svc.', 3, '10.1.2.3', 4000);
    const name = 'orders.prod.svc.';
    const same = { name, type: 'A', transport: 'udp' };
    expect(counted.read().samples).toEqual([
      { ...same, rcode: 'NOERROR', client: '10.1.2.3', queries: 2, firstMs: 1000, lastMs: 2500 },
      { ...same, rcode: 'NOERROR', client: '2001:db8::1', queries: 1, firstMs: 3000, lastMs: 3000 },
      { ...same, rcode: 'NXDOMAIN', client: '10.1.2.3', queries: 1, firstMs: 4000, lastMs: 4000 },
    ]);
  });

  test.each([
    ['networks', ['10.1.2.0/24', '2001:db8:0:100::/56']],
    ['names', ['']],
  ] as const)('with %s of clients as %j', (detail, clients) => {
    const counted = new Counted(detail);
    for (const address of ['10.1.2.3', '10.1.2.200', '2001:db8:0:1ff::1', '2001:db8:0:100::9'])
      counted.ask('a.svc.', 0, address);
    expect(counted.read().samples.map(({ client }) => client)).toEqual(clients);
  });

  test('once, however often it is read, and while the halves change', () => {
    const counted = new Counted();
    const reads: Read[] = [];
    for (let round = 0; round < 50; round++) {
      for (let query = 0; query <= round; query++) counted.ask(`n${query % 7}.svc.`);
      if (round % 3 === 0) reads.push(counted.read());
    }
    reads.push(counted.read(), counted.read(), counted.read());
    expect(sum(reads)).toBe((50 * 51) / 2);
  });

  test('by a thread that takes the place of another, on top of what that one had counted', () => {
    const counted = new Counted();
    counted.ask('a.svc.');
    const next = new QueryTable(counted.counts);
    const bytes = packet({ name: 'a.svc.', type: 1 });
    const hash = questionHash(bytes, 12, bytes.length - 12);
    next.count(
      undefined,
      hash,
      bytes,
      12,
      bytes.length - 12,
      0,
      'udp',
      { transport: 'udp', address: '10.1.2.3' },
      2000,
    );
    expect(counted.read().samples).toMatchObject([{ name: 'a.svc.', queries: 2, lastMs: 2000 }]);
  });
});

describe('memory is bounded', () => {
  test('names that do not exist take half of the rows; the rest are counted without a row', () => {
    const counted = new Counted();
    for (let query = 0; query < rowsMax; query++) counted.ask(`x${query}.svc.`, 3);
    expect(counted.isFilling).toBe(true);
    counted.ask('orders.prod.svc.');
    const { samples, unlisted } = counted.read();
    expect(samples.length).toBeLessThanOrEqual(rowsMax / 2 + 1);
    expect(samples.at(-1)).toMatchObject({ name: 'orders.prod.svc.', queries: 1 });
    expect(sum([{ samples, unlisted }]) + unlisted).toBe(rowsMax + 1);
  });

  test('clients without end likewise', () => {
    const counted = new Counted();
    for (let query = 0; query < 2 * rowsMax; query++)
      counted.ask('a.svc.', 0, `10.${query >> 16}.${(query >> 8) & 255}.${query & 255}`);
    const { samples, unlisted } = counted.read();
    expect(samples.length).toBeLessThanOrEqual(rowsMax);
    expect(samples.length + unlisted).toBe(2 * rowsMax);
  });

  test('what was read is free again', () => {
    const counted = new Counted();
    for (let round = 0; round < 5; round++) {
      for (let query = 0; query < rowsMax / 2; query++) counted.ask(`r${round}-${query}.svc.`);
      // Two reads: the thread changes between them.
      expect(counted.read().unlisted).toBe(0);
      counted.ask('between.svc.');
      expect(counted.read().unlisted).toBe(0);
    }
  });
});

test('every path of the handler counts: cached in front, made anew, NXDOMAIN, REFUSED', () => {
  const counted = new Counted();
  const harness = new Harness({ queries: counted.table });
  harness.register('orders.prod/orders-1', { addrs: ['http://10.0.0.1:8080'] });
  const peer = { transport: 'udp', address: '10.9.9.9' } as const;
  const reply = Buffer.alloc(1232);
  const ask = (name: string): void => {
    const bytes = packet({ name, type: 1 });
    const octets = harness.handler.fromCache?.(bytes, 0, bytes.length, reply, 0, peer) ?? 0;
    if (octets === 0) harness.handler(bytes, peer);
  };
  for (const name of ['orders.prod.svc.', 'ordrs.prod.svc.', 'example.com.']) for (let i = 0; i < 4; i++) ask(name);
  expect(harness.counters.cacheHits).toBeGreaterThan(0);
  expect(counted.read().samples.map(({ name, rcode, queries }) => `${name} ${rcode} ${queries}`)).toEqual([
    'orders.prod.svc. NOERROR 4',
    'ordrs.prod.svc. NXDOMAIN 4',
    'example.com. REFUSED 4',
  ]);
});
