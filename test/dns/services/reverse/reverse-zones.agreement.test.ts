// Forward and reverse agree: an address has the PTRs of just those apps that answer with it, in zones that are there for
// as long as one of their addresses is.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Harness } from '../../../kit/registry/harness.ts';

describe('forward and reverse agree', () => {
  const address = fc.constantFrom(
    ...['10.0.0.1', '10.0.0.2', '10.0.1.1', '192.168.0.1', '203.0.113.1', '203.0.113.2', '198.51.100.1'],
    ...['[fd00::1]', '[2001:db8::1]', '[2001:db8::2]', '[2001:db8:0:1::1]', 'mq.example.org'],
  );
  const body = fc.record({
    addrs: fc.uniqueArray(address, { minLength: 1, maxLength: 4 }).map((hosts) => hosts.map((h) => `http://${h}:80`)),
    status: fc.constantFrom('up', 'up', 'waiting'),
    leaseSeconds: fc.constantFrom(5, 20, 90),
  });
  const place = fc.constantFrom('orders.prod/a', 'orders.prod/b', 'com.acme.pay.prod/a', 'orders.dev/a');
  const step = fc.oneof(
    fc.tuple(fc.constant('register' as const), place, body),
    fc.tuple(fc.constant('cancel' as const), place, body),
    fc.tuple(fc.constant('elapse' as const), place, body),
  );

  /** `10.0.0.1` and `2001:db8::1` -> names of their own and of the zone that must be there for them. */
  function reverseOf(host: string): { ptr: string; apex: string | undefined } {
    if (!host.includes(':')) {
      const labels = host.split('.').reverse();
      const isPrivate = host.startsWith('10.') || host.startsWith('192.168.');
      const apex = isPrivate ? undefined : `${labels.join('.')}.in-addr.arpa.`;
      return { ptr: `${labels.join('.')}.in-addr.arpa.`, apex };
    }
    const [head = '', tail = ''] = host.split('::').map((half) => half.split(':').filter((group) => group !== ''));
    const missing = Array<string>(8 - head.length - tail.length).fill('0');
    const nibbles = [...head, ...missing, ...tail].flatMap((group) => [...group.padStart(4, '0')]).reverse();
    const apex = host.startsWith('fd') ? undefined : `${nibbles.join('.')}.ip6.arpa.`;
    return { ptr: `${nibbles.join('.')}.ip6.arpa.`, apex };
  }

  test('for any history', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        const harness = new Harness();
        let serial = 0;
        for (const [what, where, registration] of steps) {
          const [app = '', id = ''] = where.split('/');
          const [env = '', ...labels] = app.split('.').reverse();
          const appid = labels.reverse().join('.');
          if (what === 'register') harness.register(where, registration);
          else if (what === 'elapse') harness.elapse(4000);
          else if (harness.registry.find({ env, appid, instance: id }) !== undefined) harness.cancel(where);
          check(harness);
          const now = Number(harness.query('10.in-addr.arpa.', 'SOA').answer[0]?.data.split(' ')[2]);
          expect(now).toBeGreaterThanOrEqual(serial);
          serial = now;
        }
      }),
      { numRuns: 120 },
    );
  });

  function check(harness: Harness): void {
    const instances = [...harness.registry.apps()].flatMap((app) => [...app.instances()]);
    const hosts = new Map<string, Set<string>>();
    for (const { instance, deadlineMs } of instances) {
      for (const { host, family } of instance.addrs) {
        if (family === 'name') continue;
        const apps = hosts.get(host) ?? new Set();
        hosts.set(host, apps);
        if (instance.status === 'up') apps.add(`${instance.appid}.${instance.env}.svc.`);
        const { ptr } = reverseOf(host);
        const leftMs = deadlineMs - harness.clock.monotonicMs();
        // Past its lease and still there: the guard keeps it, with TTL 1.
        const left = leftMs > 0 ? leftMs / 1000 : 1;
        const answer = harness.query(ptr, 'PTR').answer;
        if (instance.status === 'up') for (const { ttl } of answer) expect(ttl).toBeLessThanOrEqual(left);
      }
    }
    const apexes = new Set<string>();
    for (const [host, apps] of hosts) {
      const { ptr, apex } = reverseOf(host);
      if (apex !== undefined) apexes.add(apex);
      expect(harness.data(ptr, 'PTR')).toEqual([...apps].sort());
      for (const app of apps) expect(harness.data(app, host.includes(':') ? 'AAAA' : 'A')).toContain(host);
      // Every name between is there, so that a resolver that asks label by label gets through (RFC 8020).
      const zone = harness.query(ptr, 'TXT').authority[0]?.owner ?? '';
      for (let name = ptr; name !== zone; name = name.slice(name.indexOf('.') + 1))
        expect(harness.query(name, 'TXT').rcode).toBe('NOERROR');
    }
    for (const host of ['203.0.113.1', '198.51.100.1', '2001:db8::1', '2001:db8:0:1::1']) {
      const { apex = '' } = reverseOf(host);
      // A zone whose addresses have left stays; one that never had any is not ours.
      const rcodes = apexes.has(apex) ? ['NOERROR'] : ['NOERROR', 'REFUSED'];
      expect(rcodes).toContain(harness.query(apex, 'SOA').rcode);
    }
  }
});
