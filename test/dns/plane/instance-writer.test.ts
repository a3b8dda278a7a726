// Rows: what a DNS thread reads from them is what the registry has, in everything that DNS answers with; and what is not
// read any more is written over, so that a table is as large as its instances.

import { describe, expect, test } from 'vitest';
import { InstanceRows, type TableMemory } from '../../../src/dns/plane/instance-rows.ts';
import { InstanceWriter } from '../../../src/dns/plane/instance-writer.ts';
import type { Instance } from '../../../src/model/instance.ts';
import { Harness, keyOf } from '../../kit/registry/harness.ts';

const pages: (keyof TableMemory)[] = ['rows', 'apps', 'octets', 'profiles'];

class Table {
  readonly harness = new Harness({ onNearExpiry: () => {} });
  readonly added: (keyof TableMemory)[] = [];
  readonly writer: InstanceWriter;
  readonly rows: InstanceRows = new InstanceRows({ rows: [], apps: [], octets: [], profiles: [] });

  constructor() {
    this.writer = new InstanceWriter((page) => {
      this.added.push(page.of);
      this.rows.add(page);
    });
  }

  registered(place: string, body: Record<string, unknown> = {}): Instance {
    this.harness.register(place, { addrs: ['http://10.0.0.1:8080'], ...body });
    return this.harness.registry.find(keyOf(place))?.instance as Instance;
  }

  read(row: number): Instance {
    return this.rows.instance(row, this.rows.place(this.rows.app(row)));
  }

  /** What DNS answers with. */
  plainForm(instance: Instance): unknown {
    const { env, appid, instance: id, label, addrs, version, zone, group, tags, weight, priority } = instance;
    const { status, wanted, metadata, leaseSeconds, dnsTtl, override } = instance;
    const names = { env, appid, id, label, addrs, version, zone, group, tags: [...tags] };
    const health = instance.health && { verdict: instance.health.verdict, reason: instance.health.reason };
    const rest = { weight, priority, status, wanted, leaseSeconds, dnsTtl, override, health };
    return { ...names, ...rest, metadata: [...metadata] };
  }
}

const everything = {
  version: '1.4.2',
  zone: 'eu-1a',
  group: 'blue',
  tags: ['canary', 'ä'],
  weight: 0,
  priority: 65_535,
  status: 'waiting',
  metadata: { team: 'checkout', note: 'a=b "ü" 漢' },
  leaseSeconds: 60,
  dnsTtl: 0,
};

describe('an instance is read as it was written', () => {
  test.each([
    ['with one IPv4 address', 'orders.prod/a', {}],
    ['with all fields', 'com.acme.pay.prod/pay-1', everything],
    ['of another id than its label', 'orders.prod/Pay 1 ü', {}],
    ['with a port of the highest number', 'orders.prod/a', { addrs: ['http://223.255.255.1:65535'] }],
    ['with one IPv6 address', 'orders.prod/a', { addrs: ['http://[2001:db8::7]:8080'] }],
    ['with a host name', 'orders.prod/a', { addrs: ['amqp://mq.example.org:5672'] }],
    ['with several ports', 'orders.prod/a', { addrs: ['http://10.0.0.7:80', 'grpc://10.0.0.7:90'] }],
    ['with several ports of one IPv6 address', 'orders.prod/a', { addrs: ['http://[::7]:80', 'grpc://[::7]:90'] }],
    [
      'with addresses of each kind, and an id of its own',
      'orders.prod/X',
      { addrs: ['http://10.0.0.7:8080', 'dns+udp://[2001:db8::7]:53', 'amqp://mq.example.org:5672'], ...everything },
    ],
    ["with checks, which are the main thread's", 'orders.prod/a', { checks: [{ type: 'tcp' }] }],
  ])('%s', (_what, place, body) => {
    const table = new Table();
    const instance = table.registered(place, body);
    const read = table.read(table.writer.put(instance).row);
    expect(table.plainForm(read)).toEqual(table.plainForm(instance));
    expect(read.checks).toEqual([]);
  });

  test("with an operator's override", () => {
    const table = new Table();
    table.registered('orders.prod/a');
    table.harness.registry.drain(keyOf('orders.prod/a'));
    const drained = table.harness.registry.find(keyOf('orders.prod/a'))?.instance as Instance;
    expect(drained.override).toBeDefined();
    expect(table.plainForm(table.read(table.writer.put(drained).row))).toEqual(table.plainForm(drained));
  });

  test('with the longest label, id and addresses', () => {
    const table = new Table();
    const label = `${'a'.repeat(61)}-b`;
    const host = (index: number) => `${'h'.repeat(60)}${index}.${`${'x'.repeat(60)}.`.repeat(2)}example.org`;
    const addrs = Array.from({ length: 32 }, (_, index) => `p${index}://${host(index)}:${index + 1}`);
    for (const id of [label, `${'ü'.repeat(90)}`]) {
      const instance = table.registered(`orders.prod/${id}`, { addrs });
      expect(table.plainForm(table.read(table.writer.put(instance).row))).toEqual(table.plainForm(instance));
    }
  });
});

test('alike instances share one profile object, read once', () => {
  const table = new Table();
  const [a, b, other] = [
    table.registered('orders.prod/a', everything),
    table.registered('pay.prod/b', everything),
    table.registered('pay.prod/c', { version: '2' }),
  ].map((instance) => table.rows.instance(table.writer.put(instance).row, { env: 'prod', appid: 'x' }));
  expect(a?.profile).toBe(b?.profile);
  expect(other?.profile).not.toBe(a?.profile);
});

test('an instance that changes has another row; the one it had is as it was until all have read on', () => {
  const table = new Table();
  const first = table.registered('orders.prod/a', { version: '1' });
  const { row: before } = table.writer.put(first);
  const second = table.registered('orders.prod/a', { version: '2' });
  const { row, replaced } = table.writer.put(second);
  expect([replaced, row === before]).toEqual([before, false]);
  table.writer.retire([replaced], 5);
  table.writer.free((sequence) => sequence < 5);
  expect([table.writer.size, table.writer.retired]).toEqual([1, 1]);
  const third = table.registered('orders.prod/b', { version: '3' });
  expect(table.writer.put(third).row).not.toBe(before);
  expect([before, row].map((one) => table.plainForm(table.read(one)))).toEqual([
    table.plainForm(first),
    table.plainForm(second),
  ]);
  table.writer.free((sequence) => sequence <= 5);
  expect([table.writer.size, table.writer.retired]).toEqual([2, 0]);
  expect(table.writer.put(table.registered('orders.prod/c')).row).toBe(before);
});

test('is found by app and label, until it is taken out', () => {
  const table = new Table();
  const instance = table.registered('orders.prod/a');
  const { row } = table.writer.put(instance);
  expect(table.writer.find(instance)).toBe(row);
  expect(table.writer.find({ ...instance, env: 'prod', appid: 'orders', label: 'b' })).toBe(-1);
  expect(table.writer.find({ env: 'prod', appid: 'pay', label: 'a' })).toBe(-1);
  expect([table.writer.remove(instance), table.writer.remove(instance)]).toEqual([row, -1]);
});

test('a table does not grow with what has come and gone', () => {
  const table = new Table();
  let sequence = 0;
  const round = (from: number) => {
    for (let index = 0; index < 200; index++) {
      const body = {
        metadata: { n: `${from + index}`.padEnd(100, 'x') },
        addrs: ['http://10.0.0.1:1', 'http://10.0.0.2:1'],
      };
      const place = `app-${(from + index) % 50}.prod/one-${`${from + index}`.padStart(20, '0')}`;
      const { row } = table.writer.put(table.registered(place, body));
      table.harness.cancel(place);
      expect(table.writer.remove(table.read(row))).toBe(row);
      table.writer.retire([row], ++sequence);
      table.writer.free((read) => read < sequence - 20);
    }
  };
  round(0);
  const added = table.added.length;
  expect(new Set(table.added)).toEqual(new Set(pages));
  for (let from = 200; from < 2000; from += 200) round(from);
  expect(table.added).toHaveLength(added);
  table.writer.free(() => true);
  expect([table.writer.size, table.writer.retired]).toEqual([0, 0]);
});
