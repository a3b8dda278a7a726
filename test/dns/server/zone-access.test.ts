// Zones that only some networks may ask about: the question's name, and every name that an answer would reveal.

import { describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { zoneAccessOf, zoneRulesMax } from '../../../src/dns/server/zone-access.ts';
import { packet, type TypeName, typeNumbers } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { Harness, type HarnessOptions } from '../../kit/registry/harness.ts';

const inside = '10.1.0.7';
const outside = '10.2.0.7';
const zoneRules = [
  { zone: name('prod.svc.'), allow: ['10.1.0.0/16'] },
  { zone: name('open.prod.svc.'), allow: ['0.0.0.0/0'] },
];

function world(options: HarnessOptions = {}): Harness {
  const lines = ['alias.svc. 60 CNAME orders.prod.svc.'];
  const harness = new Harness({ access: { allow: [], zones: zoneRules, denied: 'refuse' }, lines, ...options });
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
  harness.register('web.test/a', { addrs: ['http://10.0.0.2:80'] });
  return harness;
}

function rcodeOf(
  harness: Harness,
  from: string,
  qname: string,
  type: TypeName = 'A',
  transport: 'udp' | 'tcp' = 'udp',
) {
  const reply = harness.send(
    packet({ name: qname, type: typeNumbers[type], edns: true }),
    transport,
    harness.handler,
    from,
  );
  return reply === undefined ? 'silence' : readReply(reply).rcode;
}

describe('a client outside', () => {
  test.each<[string, TypeName, string]>([
    ['orders.prod.svc.', 'A', 'REFUSED'],
    ['ORDERS.prod.svc.', 'A', 'REFUSED'],
    ['_http._tcp.orders.prod.svc.', 'SRV', 'REFUSED'],
    ['prod.svc.', 'SOA', 'REFUSED'],
    ['nope.prod.svc.', 'A', 'REFUSED'],
    // An alias must not reveal what its target would not, nor a PTR.
    ['alias.svc.', 'A', 'REFUSED'],
    ['1.0.0.10.in-addr.arpa.', 'PTR', 'REFUSED'],
    // The deepest rule decides.
    ['x.open.prod.svc.', 'A', 'NXDOMAIN'],
    ['web.test.svc.', 'A', 'NOERROR'],
    ['xprod.svc.', 'A', 'NXDOMAIN'],
  ])('%s %s is %s, also when the answer is in the cache', (qname, type, rcode) => {
    const harness = world();
    for (const transport of ['udp', 'tcp', 'udp'] as const) {
      for (let i = 0; i < 3; i++) expect(rcodeOf(harness, inside, qname, type, transport)).not.toBe('REFUSED');
      for (let i = 0; i < 3; i++) expect(rcodeOf(harness, outside, qname, type, transport)).toBe(rcode);
    }
  });

  test('gets the reason, or silence where that is asked for', () => {
    const harness = world();
    const question = packet({ name: 'orders.prod.svc.', edns: true });
    const reply = readReply(harness.send(question, 'tcp', harness.handler, outside) as Buffer);
    expect(reply).toMatchObject({ rcode: 'REFUSED', answer: [], authority: [] });
    expect(reply.opt?.data.get(15)).toEqual(Buffer.from([0, 18]));
    expect(harness.counters.denied).toBe(1);
    const silent = world({ access: { allow: [], zones: zoneRules, denied: 'drop' } });
    expect(rcodeOf(silent, outside, 'orders.prod.svc.')).toBe('silence');
    expect(rcodeOf(silent, outside, 'alias.svc.')).toBe('silence');
    expect(rcodeOf(silent, outside, 'web.test.svc.')).toBe('NOERROR');
  });

  test('cannot update the zone, or have it transferred', () => {
    async function* done() {
      yield Buffer.alloc(12);
    }
    const requests = { opcodes: new Map([[5, done]]), types: new Map([[252, done]]) };
    const harness = world({ requests });
    for (const knobs of [{ opcode: 5 }, { type: 252 }]) {
      const reply = harness.send(packet({ name: 'prod.svc.', ...knobs }), 'tcp', harness.handler, outside);
      expect(readReply(reply as Buffer).rcode).toBe('REFUSED');
    }
  });
});

test('the last of many rules is a rule, too; more than there are bits is refused', () => {
  const rules = Array.from({ length: zoneRulesMax }, (_, i) => ({ zone: name(`z${i}.`), allow: [`10.${i}.0.0/16`] }));
  const access = zoneAccessOf(rules);
  for (const [i] of rules.entries()) {
    const zone = access?.zoneOf(name(`a.z${i}.`)) ?? 0;
    expect(access?.isDenied(zone, { transport: 'udp', address: `10.${i}.1.1` })).toBe(false);
    expect(access?.isDenied(zone, { transport: 'udp', address: `10.${i + 1}.1.1` })).toBe(true);
  }
  expect(() => zoneAccessOf([...rules, { zone: name('z.'), allow: [] }])).toThrow();
  expect(zoneAccessOf([])).toBeUndefined();
});
