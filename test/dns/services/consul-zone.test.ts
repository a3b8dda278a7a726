// The names of Consul's DNS: what each answers, everything between them, and nothing else.

import { describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import type { TypeName } from '../../kit/dns/packet.ts';
import { Harness } from '../../kit/registry/harness.ts';

function shop(): Harness {
  const harness = new Harness({ consul: { domain: name('consul.'), env: 'prod', node: 'node-1' } });
  const tags = ['canary', 'v1.4'];
  harness.register('orders.prod/orders-1', {
    addrs: ['http://10.0.0.1:80'],
    tags,
    weight: 20,
    metadata: { team: 'x' },
  });
  harness.register('orders.prod/orders-2', { addrs: ['http://10.0.0.2:80', 'http://[2001:db8::2]:80'] });
  harness.register('bad-name.x.prod/b', { addrs: ['tcp://10.0.0.3:1'] });
  harness.register('named.prod/n', { addrs: ['http://elsewhere.example:80'] });
  harness.register('sleepy.prod/s', { status: 'waiting', tags: ['canary'] });
  harness.register('other.dev/o', {});
  return harness;
}

const world = shop();

function answers(qname: string, type: TypeName = 'A'): string {
  const reply = world.query(qname, type, { tcp: true });
  if (reply.rcode !== 'NOERROR') return reply.rcode;
  const data = reply.answer.map((record) => record.data).sort();
  return data.length > 0 ? data.join(' | ') : reply.authority.map((record) => `${record.type} ${record.ttl}`).join(' ');
}

const nodata = 'SOA 5';
const both = '10.0.0.1 | 10.0.0.2';

describe('services', () => {
  test.each([
    ['orders.service.consul.', both],
    ['Orders.Service.CONSUL.', both],
    ['orders.service.prod.consul.', both],
    ['orders.service.prod.dc.consul.', both],
    ['canary.orders.service.consul.', '10.0.0.1'],
    ['v1.4.orders.service.consul.', '10.0.0.1'],
    ['bad_name.x.service.consul.', '10.0.0.3'],
    ['bad-name.x.service.consul.', '10.0.0.3'],
    ['sleepy.service.consul.', nodata],
    ['canary.sleepy.service.consul.', nodata],
    ['named.service.consul.', nodata],
    ['green.orders.service.consul.', 'NXDOMAIN'],
    ['nobody.service.consul.', 'NXDOMAIN'],
    ['other.service.consul.', 'NXDOMAIN'],
    ['orders.service.dev.consul.', 'NXDOMAIN'],
    ['orders-1.orders.service.consul.', 'NXDOMAIN'],
    ['orders.query.consul.', 'NXDOMAIN'],
    ['orders.consul.', 'NXDOMAIN'],
  ])('%s', (qname, expected) => {
    expect(answers(qname)).toBe(expected);
  });

  test('an address of version 6', () => {
    expect(answers('orders.service.consul.', 'AAAA')).toBe('2001:db8::2');
    expect(answers('canary.orders.service.consul.', 'AAAA')).toBe(nodata);
  });

  test('types that Consul has not', () => {
    expect(answers('orders.service.consul.', 'HTTPS')).toBe(nodata);
  });
});

describe('nodes of the catalog', () => {
  const harness = shop();
  const node = (qname: string, type: TypeName = 'A') => {
    const reply = harness.query(qname, type, { tcp: true });
    return reply.rcode === 'NOERROR'
      ? reply.answer.map(({ data, ttl }) => `${data} ${ttl}`).join() || nodata
      : reply.rcode;
  };

  test('have names while they are there', () => {
    expect(node('db1.node.consul.')).toBe('NXDOMAIN');
    harness.consulNode({ name: 'db1', addresses: ['10.8.0.1', '2001:db8::8'] });
    harness.consulNode({ name: 'db2.rack1', addresses: [] });
    expect(node('DB1.node.consul.')).toBe('10.8.0.1 5');
    expect(node('db1.node.prod.consul.', 'AAAA')).toBe('2001:db8::8 5');
    expect(node('db2.rack1.node.consul.')).toBe(nodata);
    expect(node('db1.node.dev.consul.')).toBe('NXDOMAIN');
    harness.consulNode({ name: 'db1', addresses: undefined });
    expect(node('db1.node.consul.')).toBe('NXDOMAIN');
  });
});

describe('SRV', () => {
  const target = '0a000001.addr.prod.consul.';

  test.each([
    '_orders._canary.service.consul.',
    '_orders._canary.consul.',
    '_orders._canary.service.prod.consul.',
    'canary.orders.service.consul.',
  ])('%s', (qname) => {
    const reply = world.query(qname, 'SRV', { tcp: true });
    expect(reply.answer.map(({ data }) => data)).toEqual([`0 20 80 ${target}`]);
    expect(reply.additional.filter(({ type }) => type === 'A').map(({ owner, data }) => [owner, data])).toEqual([
      [target, '10.0.0.1'],
    ]);
  });

  test('_tcp is no tag', () => {
    expect(answers('_orders._tcp.service.consul.', 'SRV')).toBe(
      `0 10 80 0a000002.addr.prod.consul. | 0 20 80 ${target}`,
    );
    expect(answers('_orders._green.service.consul.', 'SRV')).toBe('NXDOMAIN');
    expect(answers('_orders._tcp.service.consul.', 'A')).toBe(nodata);
  });

  test('every target resolves to the address at which the port is served', () => {
    expect(answers(target)).toBe('10.0.0.1');
    expect(answers(target, 'AAAA')).toBe(nodata);
    expect(answers('20010db8000000000000000000000002.addr.prod.consul.', 'AAAA')).toBe('2001:db8::2');
    expect(answers('0a00000.addr.prod.consul.')).toBe('NXDOMAIN');
    expect(answers('x.0a000001.addr.prod.consul.')).toBe('NXDOMAIN');
  });

  test('the name of a host is its own target', () => {
    expect(answers('named.service.consul.', 'SRV')).toBe('0 10 80 elsewhere.example.');
  });
});

test.each([
  'service.consul.',
  'prod.consul.',
  'service.prod.consul.',
  'node.consul.',
  'addr.consul.',
  'addr.prod.consul.',
  '_tcp.service.consul.',
  'x.service.consul.',
  '4.orders.service.consul.',
])('%s lies above names that exist', (qname) => {
  expect(answers(qname)).toBe(nodata);
});

test('the node of this server', () => {
  expect(answers('node-1.node.consul.')).toBe('10.0.0.53');
  expect(answers('node-1.node.prod.consul.', 'AAAA')).toBe('2001:db8::53');
  expect(answers('node-1.node.consul.', 'TXT')).toBe(nodata);
  expect(answers('node-2.node.consul.')).toBe('NXDOMAIN');
});

test('the apex has SOA and NS, and the serial follows the revision', () => {
  const own = shop();
  const serialOf = (): string | undefined => own.query('consul.', 'SOA').answer[0]?.data.split(' ')[2];
  expect(own.query('consul.', 'NS').answer).toHaveLength(1);
  expect(serialOf()).toBe(String(own.registry.revision));
  own.register('orders.prod/orders-3', {});
  expect(serialOf()).toBe(String(own.registry.revision));
});

test('an answer is as fresh as one of the origin', () => {
  const own = shop();
  const addresses = (): string[] =>
    own
      .query('orders.service.consul.', 'A')
      .answer.map(({ data }) => data)
      .sort();
  expect(addresses()).toEqual(['10.0.0.1', '10.0.0.2']);
  own.cancel('orders.prod/orders-2');
  expect(addresses()).toEqual(['10.0.0.1']);
  own.elapse(88_000);
  expect(own.query('orders.service.consul.', 'A').answer[0]?.ttl).toBeLessThanOrEqual(2);
  own.register('late.prod/l', {});
  expect(own.query('late.service.consul.', 'A').rcode).toBe('NOERROR');
});

test('an app of a thousand instances answers with a hundred, each target with its address', () => {
  const own = new Harness({ consul: { domain: name('consul.'), env: 'prod', node: 'node-1' } });
  for (let at = 0; at < 1000; at++)
    own.register(`big.prod/b-${at}`, {
      addrs: [`http://10.1.${at >> 8}.${at & 255}:80`],
      tags: [at < 500 ? 'low' : 'high'],
    });
  const reply = own.query('big.service.consul.', 'SRV', { tcp: true });
  expect(reply.answer).toHaveLength(100);
  const known = new Map(reply.additional.map(({ owner, data }) => [owner, data]));
  for (const { data } of reply.answer) {
    const [, , , target = ''] = data.split(' ');
    const octets = Buffer.from(target.slice(0, 8), 'hex');
    expect(known.get(target)).toBe([...octets].join('.'));
  }
  const low = own.query('low.big.service.consul.', 'A', { tcp: true });
  expect(low.answer).toHaveLength(100);
});

test('without the setting there is no such zone', () => {
  expect(new Harness().query('orders.service.consul.', 'A').rcode).toBe('REFUSED');
});
