// Instances in rows equal the objects they came from, in their order, after any changes; nothing of removed ones
// stays behind.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AppRows, InstanceTable } from '../../../src/dns/plane/instance-table.ts';
import { HostInstances, hostsOf } from '../../../src/dns/services/host-instances.ts';
import { type CompactInstance, compactInstance } from '../../../src/model/compact-instance.ts';
import {
  type Instance,
  parseRegistration,
  type Registration,
  registrationToJson,
} from '../../../src/model/instance.ts';

const addrs = [
  ['http://10.0.0.1:80'],
  ['http://10.0.0.1:81'],
  ['http://203.0.113.9:80'],
  ['http://10.0.0.2:80', 'grpc://10.0.0.2:90'],
  ['http://10.0.0.1:80', 'grpc://10.0.0.2:90'],
  ['http://[2001:db8::7]:80'],
  ['http://elsewhere.example:80'],
];
const step = fc.record({
  app: fc.nat({ max: 2 }),
  label: fc.nat({ max: 5 }).map((at) => `one-${at}`),
  isOdd: fc.boolean(),
  isThere: fc.nat({ max: 2 }).map((draw) => draw > 0),
  addrs: fc.constantFrom(...addrs),
  version: fc.constantFrom('1', '2'),
});

function registrationOf(body: object): Registration {
  return parseRegistration(body, { leaseSeconds: 90, dnsTtl: 5 }) as Registration;
}

function plainForm(instance: Instance): unknown {
  return { ...registrationToJson(instance), id: instance.instance, label: instance.label, appid: instance.appid };
}

test('gives what objects would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new InstanceTable();
      const apps: AppRows[] = [0, 1, 2].map((at) => ({
        place: { env: 'prod', appid: `app${at}` },
        number: -1,
        last: -1,
      }));
      const known = apps.map(() => new Map<string, CompactInstance>());
      for (const { app: at, label, isOdd, isThere, addrs, version } of steps) {
        const [app, map] = [apps[at] as AppRows, known[at] as Map<string, CompactInstance>];
        const row = table.find(app, label);
        expect(row >= 0).toBe(map.has(label));
        const body = registrationOf({ addrs, version });
        const id = isOdd ? label.toUpperCase() : label;
        if (isThere) {
          const instance = compactInstance(app.place, id, label, body, table.neighbours(app));
          table.put(app, instance, row);
          map.set(label, instance);
        } else if (row >= 0) {
          table.delete(app, row);
          map.delete(label);
        }
      }
      const hosts = new HostInstances();
      const all = known.flatMap((map) => [...map.values()]);
      for (const instance of all) hosts.add(instance);
      for (const [at, app] of apps.entries()) {
        const stored = Array.from(table.of(app), (row) => plainForm(table.instance(row)));
        expect(stored).toEqual(Array.from((known[at] as Map<string, CompactInstance>).values(), plainForm));
      }
      for (const host of ['10.0.0.1', '10.0.0.2', '203.0.113.9', '2001:db8::7', '10.9.9.9']) {
        const names = (found: Iterable<Instance> | undefined) =>
          found && Array.from(found, ({ appid, label }) => `${label}.${appid}`).sort();
        expect(names(table.at(host))).toEqual(names(hosts.at(host)));
        expect(table.count(host)).toBe(hosts.count(host));
        const there = all.filter((instance) => [...hostsOf(instance)].includes(host));
        expect(table.count(host)).toBe(Math.min(2, there.length));
      }
    }),
  );
});
