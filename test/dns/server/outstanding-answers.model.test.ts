// The ledger against a packet capture: for any registrations and queries, from the cache or not, its record of
// each instance at each moment equals what the replies' octets held.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NaiveOutstanding } from '../../kit/dns/naive-outstanding.ts';
import { packet, type TypeName, typeNumbers } from '../../kit/dns/packet.ts';
import { Harness, keyOf } from '../../kit/registry/harness.ts';

const apps = ['orders.prod', 'eu.orders.prod', 'pay.prod'];
const names = [
  ...apps.flatMap((name) => [name, `i1.${name}`, `http.i2.${name}`, `_http._tcp.${name}`, `2._version.${name}`]),
  ...['grpc._port.orders.prod', '_grpc._tcp.2._version.pay.prod', '_http._tcp.prod', 'i1~pay._http._tcp.prod', 'prod'],
  ...['toapp', 'topart', 'mailer', 'both', 'x.wild', '_why.orders.prod', 'nobody.prod', 'svc'],
];
const lines = [
  'toapp.svc. 60 CNAME orders.prod.svc.',
  'topart.svc. 60 CNAME i1.pay.prod.svc.',
  'mailer.svc. 60 MX 10 orders.prod.svc.',
  'both.svc. 60 SRV 0 0 80 i1.orders.prod.svc.',
  'both.svc. 60 SRV 0 0 80 i2.pay.prod.svc.',
  '*.wild.svc. 60 CNAME pay.prod.svc.',
];
const ids = [1, 2, 3];
const place = fc.tuple(fc.nat(apps.length - 1), fc.constantFrom(...ids));
const fields = fc.record({
  hosts: fc.constantFrom(['http'], ['http', 'grpc'], ['http', 'http', 'grpc'], ['grpc']),
  at: fc.integer({ min: 1, max: 3 }),
  version: fc.constantFrom('1', '2'),
  status: fc.constantFrom('up', 'up', 'waiting'),
  dnsTtl: fc.constantFrom(0, 1, 5, 30),
  leaseSeconds: fc.constantFrom(5, 10, 90),
});
const types: TypeName[] = ['A', 'A', 'AAAA', 'SRV', 'SRV', 'TXT', 'HTTPS', 'SVCB', 'PTR', 'MX', 'ANY', 'SOA'];
const question = fc.record({
  name: fc.constantFrom(...names),
  type: fc.constantFrom(...types),
  size: fc.constantFrom(undefined, 512, 700, 1232, 'tcp' as const),
  times: fc.constantFrom(1, 1, 3),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('register' as const), place, fields }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('cancel' as const), place }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('drain' as const), place }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('renew' as const), place }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('elapse' as const), ms: fc.nat(7000) }) },
  { weight: 8, arbitrary: fc.record({ what: fc.constant('ask' as const), question }) },
);

interface Fields {
  readonly hosts: readonly string[];
  readonly at: number;
}

function bodyOf([number, id]: readonly [number, number], { hosts, at, ...rest }: Fields): Record<string, unknown> {
  const addrs = hosts.map((port, index) =>
    port === 'http' ? `http://10.${number}.${id}.${at + index}:80` : `grpc://[2001:db8:${number}:${id}::${at}]:90`,
  );
  return { addrs, metadata: { id: `${number}/${id}` }, ...rest };
}

test('any history of registrations, questions and time agrees with a packet capture', () => {
  let heldEver = 0;
  const cacheOctets = fc.constantFrom(1, 4000, 1024 * 1024);
  fc.assert(
    fc.property(cacheOctets, fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), (cacheOctetsMax, steps) => {
      const harness = new Harness({ lines, cacheOctetsMax });
      const naive = new NaiveOutstanding(apps);
      const textOf = ([number, id]: readonly [number, number]) => `${apps[number]}/i${id}`;
      for (const number of apps.keys()) {
        for (const id of ids) harness.register(textOf([number, id]), bodyOf([number, id], { hosts: ['http'], at: 9 }));
      }
      for (const one of steps) {
        if (one.what === 'register') harness.register(textOf(one.place), bodyOf(one.place, one.fields));
        else if (one.what === 'cancel') harness.registry.cancel(keyOf(textOf(one.place)));
        else if (one.what === 'drain') harness.registry.drain(keyOf(textOf(one.place)));
        else if (one.what === 'renew') harness.registry.renew(keyOf(textOf(one.place)));
        else if (one.what === 'elapse') harness.elapse(one.ms);
        else {
          const { name, type, size, times } = one.question;
          const edns = typeof size === 'number' ? { edns: { size } } : {};
          const qname = name === 'svc' ? 'svc.' : `${name}.svc.`;
          const bytes = packet({ name: qname, type: typeNumbers[type], ...edns });
          for (let time = 0; time < times; time++) {
            const reply = harness.send(bytes, size === 'tcp' ? 'tcp' : 'udp') as Buffer;
            naive.sent(reply, harness.clock.monotonicMs());
          }
        }
        const nowMs = harness.clock.monotonicMs();
        for (const number of apps.keys()) {
          for (const id of ids) {
            const wanted = naive.of(number, id, nowMs);
            const got = harness.outstanding.of({ ...keyOf(textOf([number, id])), dnsTtl: 5 }, nowMs);
            const isRight =
              wanted === undefined
                ? got.heldUntilMs <= nowMs && got.lastServedMs === undefined
                : got.heldUntilMs === wanted.heldUntilMs && got.lastServedMs === wanted.lastServedMs;
            if (wanted !== undefined) heldEver++;
            if (!isRight)
              expect({ place: textOf([number, id]), ...got }).toEqual({ place: textOf([number, id]), ...wanted });
          }
        }
      }
      expect(harness.faults).toEqual([]);
    }),
    { numRuns: 120 },
  );
  expect(heldEver).toBeGreaterThan(4000);
});
