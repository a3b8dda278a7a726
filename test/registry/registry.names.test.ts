// Who may be called what: one spelling for an instance, one meaning for a DNS name, room for all, and names that fit.

import { describe, expect, test } from 'vitest';
import type { RegisterOutcome } from '../../src/registry/registry.ts';
import { Harness, keyOf } from '../kit/registry/harness.ts';

const messageOf = (outcome: RegisterOutcome) => ('problem' in outcome ? outcome.problem.message : '');
const labelOf = (harness: Harness, place: string) => harness.registry.find(keyOf(place))?.instance.label;

describe('an id that differs only in case', () => {
  test('is a conflict that shows the known spelling', () => {
    const harness = new Harness();
    harness.register('orders.prod/Orders-1');
    const outcome = harness.register('orders.prod/orders-1');
    expect(outcome).toMatchObject({ kind: 'conflict', problem: { field: 'instance', value: 'orders-1' } });
    expect(messageOf(outcome)).toContain('Orders-1');
    expect(harness.registry.instanceCount).toBe(1);
  });

  test('finds the instance in every other call', () => {
    const harness = new Harness();
    harness.register('orders.prod/Orders-1');
    harness.renew('orders.prod/ORDERS-1');
    harness.patch('orders.prod/orders-1', { weight: 1 });
    harness.cancel('orders.prod/oRDERS-1');
    expect(harness.registry.instanceCount).toBe(0);
  });

  test('is another one in another app or env', () => {
    const harness = new Harness();
    for (const place of ['orders.prod/A', 'orders.dev/a', 'pay.prod/a'])
      expect(harness.register(place).kind).toBe('created');
  });
});

test('appids and envs are one in any case', () => {
  const harness = new Harness();
  harness.register('Orders.PROD/a');
  expect(harness.register('orders.prod/a').kind).toBe('unchanged');
});

describe('labels', () => {
  test('that collide get a hash, and the first keeps its own', () => {
    const harness = new Harness();
    harness.register('orders.prod/a.b');
    harness.register('orders.prod/a:b');
    expect(labelOf(harness, 'orders.prod/a.b')).toBe('a-b');
    expect(labelOf(harness, 'orders.prod/a:b')).toMatch(/^a-b-[a-z0-9]{1,7}$/);
  });

  test('stay when the other one leaves, and when the instance registers again', () => {
    const harness = new Harness();
    harness.register('orders.prod/a.b');
    harness.register('orders.prod/a:b');
    const label = labelOf(harness, 'orders.prod/a:b');
    harness.cancel('orders.prod/a.b');
    harness.register('orders.prod/a:b', { weight: 1 });
    expect(labelOf(harness, 'orders.prod/a:b')).toBe(label);
    harness.register('orders.prod/a b');
    expect(labelOf(harness, 'orders.prod/a b')).toBe('a-b');
  });

  test('give way to an app that has the name, or lies below it', () => {
    const harness = new Harness();
    harness.register('eu.orders.prod/x');
    harness.register('a.us.orders.prod/x');
    harness.register('orders.prod/eu');
    harness.register('orders.prod/us');
    expect(labelOf(harness, 'orders.prod/eu')).toMatch(/^eu-[a-z0-9]+$/);
    expect(labelOf(harness, 'orders.prod/us')).toMatch(/^us-[a-z0-9]+$/);
  });
});

describe('an appid that would hide an instance', () => {
  test.each(['eu.orders', 'a.eu.orders', 'b.a.eu.orders', 'http.eu.orders'])('%s is a conflict', (appid) => {
    const harness = new Harness();
    harness.register('orders.prod/EU');
    const outcome = harness.register(`${appid}.prod/x`);
    expect(outcome).toMatchObject({ kind: 'conflict', problem: { field: 'appid' } });
    expect(messageOf(outcome)).toContain('EU');
    expect(harness.registry.appCount).toBe(1);
  });

  test('is free in another env, and once the instance has left', () => {
    const harness = new Harness();
    harness.register('orders.prod/eu');
    expect(harness.register('eu.orders.dev/x').kind).toBe('created');
    harness.cancel('orders.prod/eu');
    expect(harness.register('eu.orders.prod/x').kind).toBe('created');
  });
});

describe('a name of a zone file', () => {
  const isReserved = (name: string) =>
    ['www.prod', 'eu.orders.prod'].includes(name) ? 'has records in a zone file' : undefined;

  test('is refused as an app, with the reason', () => {
    const harness = new Harness({ isReserved });
    const outcome = harness.register('www.prod/a');
    expect(outcome).toMatchObject({
      kind: 'conflict',
      problem: { field: 'appid', message: 'has records in a zone file' },
    });
  });

  test('is refused as an instance, and leaves no app behind', () => {
    const harness = new Harness({ isReserved });
    expect(harness.register('orders.prod/eu')).toMatchObject({ kind: 'conflict', problem: { field: 'instance' } });
    expect([harness.registry.appCount, harness.registry.revision]).toEqual([0, 100]);
    expect(harness.registry.at('prod', '')).toBeUndefined();
  });
});

describe('the registry is full', () => {
  test('in all, and known instances still register', () => {
    const harness = new Harness({ instancesMax: 2 });
    harness.register('a.prod/1');
    harness.register('b.prod/1');
    const outcome = harness.register('c.prod/1');
    expect(outcome.kind).toBe('full');
    expect(harness.register('a.prod/1', { weight: 1 }).kind).toBe('replaced');
    harness.cancel('a.prod/1');
    expect(harness.register('c.prod/1').kind).toBe('created');
  });

  test('in one app, and others still register', () => {
    const harness = new Harness({ instancesPerAppMax: 2 });
    harness.register('a.prod/1');
    harness.register('a.prod/2');
    expect(harness.register('a.prod/3').kind).toBe('full');
    expect(harness.register('b.prod/1').kind).toBe('created');
  });
});

describe('names must fit 255 octets', () => {
  // Wire form: 1+n for each label. `svc.` has 5 octets with the root, `prod` 5.
  const appidOf = (octets: number) => {
    const labels: string[] = [];
    for (let left = octets; left > 0; left -= 64) labels.push('a'.repeat(Math.min(63, left - 1)));
    return labels.join('.');
  };

  test('the longest appid that fits its SRV name and its instance', () => {
    const harness = new Harness();
    // _http._tcp adds 11, i-1 adds 4.
    expect(harness.register(`${appidOf(255 - 10 - 11)}.prod/i-1`).kind).toBe('created');
    const outcome = harness.register(`${appidOf(255 - 10 - 10)}.prod/i-1`);
    expect(outcome.kind).toBe('invalid');
    expect(messageOf(outcome)).toContain('256');
    expect(harness.registry.appCount).toBe(1);
  });

  test('the instance’s own name counts, and the names its ports may need', () => {
    const harness = new Harness();
    const appid = appidOf(255 - 10 - 20);
    expect(harness.register(`${appid}.prod/${'i'.repeat(19)}`).kind).toBe('created');
    expect(harness.register(`${appid}.prod/${'i'.repeat(20)}`).kind).toBe('invalid');
    const addrs = ['http://10.0.0.1:80', 'http://10.0.0.2:81'];
    // 80-tcp.http.<label> adds 7 + 5.
    expect(harness.register(`${appid}.prod/${'j'.repeat(7)}`, { addrs }).kind).toBe('created');
    expect(harness.register(`${appid}.prod/${'j'.repeat(8)}`, { addrs }).kind).toBe('invalid');
  });

  test('also after a change of ports, which is refused and changes nothing', () => {
    const harness = new Harness();
    const place = `${appidOf(255 - 10 - 11)}.prod/i`;
    harness.register(place);
    const { revision } = harness.registry;
    const addrs = ['https://10.0.0.1:443'];
    expect(harness.register(place, { addrs }).kind).toBe('invalid');
    expect(harness.registry.patch(keyOf(place), { addrs })).toMatchObject({ kind: 'invalid', problems: [{}] });
    expect(harness.registry.revision).toBe(revision);
  });
});
