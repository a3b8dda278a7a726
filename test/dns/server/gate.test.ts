// Who may ask at all, by network: the same verdict on every path to an answer.

import { describe, expect, test } from 'vitest';
import { gateOf } from '../../../src/dns/server/gate.ts';
import type { Peer } from '../../../src/dns/server/peer.ts';
import { packet } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { atOnce, Harness } from '../../kit/registry/harness.ts';

const peerAt = (address: string, transport: 'udp' | 'tcp' = 'udp'): Peer => ({ transport, address });

describe('networks', () => {
  const allow = ['10.1.0.0/16', '10.1.2.0/24', '10.1.3.7/32', '192.0.2.128/25', '2001:db8::/32', 'fd00::/8', '::1/128'];
  const gate = gateOf({ allow, denied: 'drop' });

  test.each([
    ['10.1.0.0', true],
    ['10.1.255.255', true],
    ['10.0.255.255', false],
    ['10.2.0.0', false],
    ['192.0.2.127', false],
    ['192.0.2.128', true],
    ['192.0.2.255', true],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['2001:db8:ffff::1', true],
    ['2001:db9::', false],
    ['fdff::1%eth0', true],
    ['fe80::1%eth0', false],
    ['::1', true],
    ['::2', false],
    ['::ffff:10.1.2.3', true],
    ['::ffff:10.2.2.3', false],
    ['not an address', false],
  ])('%s may ask: %s', (address, isAllowed) => {
    expect(gate?.verdict(peerAt(address))).toBe(isAllowed ? 'admit' : 'drop');
  });

  test.each([
    ['0.0.0.0/0', '203.0.113.9', '2001:db8::1'],
    ['::/0', '2001:db8::1', '203.0.113.9'],
  ])('%s is every address of its family', (network, inside, outside) => {
    const all = gateOf({ allow: [network], denied: 'refuse' });
    expect(all?.verdict(peerAt(inside))).toBe('admit');
    expect(all?.verdict(peerAt(outside))).toBe('refuse');
  });

  test('without any there is no gate', () => {
    expect(gateOf({ allow: [], denied: 'refuse' })).toBeUndefined();
    expect(gateOf(undefined)).toBeUndefined();
  });
});

describe('a client outside', () => {
  const inside = peerAt('10.0.0.1');
  const outside = peerAt('10.0.1.1');

  function world(denied: 'refuse' | 'drop'): Harness {
    const harness = new Harness({ access: { allow: ['10.0.0.0/24'], denied } });
    harness.register('orders.prod/a');
    return harness;
  }

  const question = packet({ name: 'orders.prod.svc.', edns: true });

  test('is REFUSED with the reason, and gets nothing from the cache', () => {
    const harness = world('refuse');
    for (let i = 0; i < 3; i++)
      expect(readReply(atOnce(harness.handler(question, inside)) as Buffer).rcode).toBe('NOERROR');
    const reply = Buffer.alloc(1232);
    expect(harness.handler.fromCache?.(question, 0, question.length, reply, 0, inside)).toBeGreaterThan(0);
    expect(harness.handler.fromCache?.(question, 0, question.length, reply, 0, outside)).toBe(0);
    const refused = readReply(atOnce(harness.handler(question, outside)) as Buffer);
    expect(refused).toMatchObject({ rcode: 'REFUSED', answer: [], authority: [] });
    expect(refused.opt?.data.get(15)).toEqual(Buffer.from([0, 18]));
    expect(harness.counters.denied).toBe(1);
  });

  test('is not answered at all where that is asked for', () => {
    const harness = world('drop');
    expect(harness.handler(question, outside)).toBeUndefined();
    expect(harness.handler(question, inside)).toBeInstanceOf(Buffer);
    expect(harness.counters.denied).toBe(1);
  });

  test.each([
    ['an update', packet({ name: 'svc.', opcode: 5 })],
    ['damaged octets', packet({ name: 'svc.' }).subarray(0, 20)],
    ['no question', packet({ edns: { options: [{ code: 10, data: Buffer.alloc(8) }] } })],
  ])('is REFUSED for any request: %s', (_, bytes) => {
    expect(readReply(atOnce(world('refuse').handler(bytes, outside)) as Buffer).rcode).toBe('REFUSED');
  });

  test('that sends a reply gets none: no loop', () => {
    expect(world('refuse').handler(packet({ name: 'svc.', flags: 0x8000 }), outside)).toBeUndefined();
  });
});
