// How much an answer may hold: 512 octets, what EDNS allows up to 1232, a frame over TCP, a hundred records; and who
// comes first in it (design §5, rules 3 and 4).

import { describe, expect, test } from 'vitest';
import { type PacketKnobs, packet, type TypeName, typeNumbers } from '../../kit/dns/packet.ts';
import { type Reply, readReply } from '../../kit/dns/reply.ts';
import { Harness, longMetadata, type QueryKnobs } from '../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';
const hostOf = (i: number) => `10.0.${i >> 8}.${i & 255}`;

function fleet(size: number, body: (i: number) => Record<string, unknown> = () => ({})): Harness {
  const harness = new Harness();
  for (let i = 0; i < size; i++) {
    harness.register(`orders.prod/i${i}`, { addrs: [`http://${hostOf(i)}:80`], leaseSeconds: 86_400, ...body(i) });
  }
  return harness;
}

describe('sixty addresses', () => {
  const harness = fleet(60);

  test.each<[string, PacketKnobs, number, boolean]>([
    ['without EDNS', {}, 512, true],
    ['with EDNS for 0', { edns: { size: 0 } }, 512, true],
    ['with EDNS for 100', { edns: { size: 100 } }, 512, true],
    ['with EDNS for 512', { edns: { size: 512 } }, 512, true],
    ['with EDNS for 900', { edns: { size: 900 } }, 900, true],
    ['with EDNS for 1232', { edns: { size: 1232 } }, 1232, false],
    ['with EDNS for 4096', { edns: { size: 4096 } }, 1232, false],
    ['with EDNS for 65535', { edns: { size: 65_535 } }, 1232, false],
  ])('%s', (_, knobs, limit, tc) => {
    const reply = harness.query(app, 'A', knobs);
    expect(reply.tc).toBe(tc);
    expect(reply.octets).toBeLessThanOrEqual(limit);
    expect(reply.opt !== undefined).toBe(knobs.edns !== undefined);
    // As many as fit: another one would not have.
    if (tc) expect(reply.octets).toBeGreaterThan(limit - 16 - 100);
    expect(reply.answer.length).toBe(tc ? reply.answer.length : 60);
    expect(new Set(reply.answer.map(({ data }) => data)).size).toBe(reply.answer.length);
  });

  test('are all there over TCP, for any EDNS payload size', () => {
    for (const edns of [false, { size: 512 }]) {
      expect(harness.query(app, 'A', { tcp: true, edns })).toMatchObject({ tc: false, answer: { length: 60 } });
    }
  });
});

test('SRV targets in ADDITIONAL are left out before anything else, and without TC', () => {
  const harness = fleet(14);
  const name = `_http._tcp.${app}`;
  const plain = harness.query(name, 'SRV');
  expect(plain).toMatchObject({ tc: true, additional: [] });
  const some = harness.query(name, 'SRV', { edns: { size: 800 } });
  expect(some).toMatchObject({ tc: false, answer: { length: 14 } });
  expect(some.additional.length).toBeLessThan(14);
  expect(harness.query(name, 'SRV', { tcp: true })).toMatchObject({ tc: false, additional: { length: 14 } });
});

test('one record that fits is another one each time', () => {
  const long = Array.from({ length: 3 }, (_, i) => `${'x'.repeat(61)}-${i}`);
  const harness = new Harness();
  const appid = `${'a'.repeat(63)}.${'b'.repeat(60)}`;
  for (const id of long) harness.register(`${appid}.prod/${id}`);
  const firsts = new Set<string>();
  for (let i = 0; i < 6; i++) {
    const reply = harness.query(`_http._tcp.${appid}.prod.svc.`, 'SRV');
    expect(reply).toMatchObject({ tc: true, answer: { length: 1 } });
    firsts.add(reply.answer[0]?.data ?? '');
  }
  expect(firsts.size).toBe(3);
});

describe('an RRset of a larger app has a hundred records', () => {
  test.each([
    [100, 100],
    [101, 100],
    [300, 100],
  ])('%i instances: %i', (size, records) => {
    const harness = fleet(size, () => ({ metadata: { k: 'v' } }));
    for (const type of ['A', 'SRV', 'TXT'] as const) {
      const reply = harness.query(app, type, { tcp: true });
      expect(new Set(reply.answer.map(({ data }) => data)).size).toBe(records);
      expect(reply.tc).toBe(false);
    }
  });

  test('the same within a TTL, for every type and transport, and others in the next', () => {
    const harness = fleet(150);
    const hostsOf = (type: TypeName, knobs: QueryKnobs) => {
      const { answer, additional } = harness.query(type === 'SRV' ? `_http._tcp.${app}` : app, type, knobs);
      const hosts = type === 'A' ? answer : additional.filter((record) => record.type === 'A');
      return new Set(hosts.map(({ data }) => data));
    };
    const seen = new Set<string>();
    let before = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const chosen = hostsOf('A', { tcp: true });
      for (let again = 0; again < 200; again++) expect(hostsOf('A', { tcp: true })).toEqual(chosen);
      expect(hostsOf('SRV', { tcp: true })).toEqual(chosen);
      for (const host of hostsOf('A', { edns: true })) expect(chosen.has(host)).toBe(true);
      expect(chosen).not.toEqual(before);
      for (const host of chosen) seen.add(host);
      before = chosen;
      harness.elapse(5000);
    }
    expect(seen.size).toBe(150);
  });

  test('is the same on every node, in any order of registration, and changes with the time of day', () => {
    const one = new Harness();
    const other = new Harness();
    const ids = Array.from({ length: 150 }, (_, i) => i);
    const register = (harness: Harness, i: number) =>
      harness.register(`orders.prod/i${i}`, { addrs: [`http://${hostOf(i)}:80`], weight: 1 + (i % 7) });
    for (const i of ids) register(one, i);
    for (const i of ids.toReversed()) register(other, i);
    for (let i = 0; i < 5; i++) {
      for (const type of ['A', 'SRV', 'TXT'] as const) {
        const [a, b] = [one, other].map((harness) => harness.data(app, type));
        expect(a).toHaveLength(100);
        expect(b).toEqual(a);
      }
      one.elapse(5000);
      other.elapse(5000);
    }
  });

  test('weights count: over the time each is in answers, and first, as often as it weighs', () => {
    const harness = fleet(400, (i) => ({ weight: i < 100 ? 30 : 10 }));
    let [answers, heavyIn, heavyFirst] = [0, 0, 0];
    const heavy = new Set(Array.from({ length: 100 }, (_, i) => hostOf(i)));
    for (let epoch = 0; epoch < 40; epoch++) {
      for (let turn = 0; turn < 25; turn++) {
        const { answer } = harness.query(app, 'A', { tcp: true });
        answers++;
        heavyIn += answer.filter(({ data }) => heavy.has(data)).length;
        heavyFirst += Number(heavy.has(answer[0]?.data ?? ''));
      }
      harness.elapse(5000);
    }
    // 100 × 30 of 6000: half of what is drawn.
    expect(heavyFirst / answers).toBeCloseTo(0.5, 1);
    expect(heavyIn / answers / 100).toBeGreaterThan(0.4);
    expect(heavyIn / answers / 100).toBeLessThan(0.55);
  });

  test('of ports as well: 32 addresses of 10 instances', () => {
    const addrs = (i: number) => Array.from({ length: 32 }, (_, p) => `http://${hostOf(i)}:${1000 + p}`);
    const harness = fleet(10, (i) => ({ addrs: addrs(i) }));
    expect(harness.query(app, 'SRV', { tcp: true }).answer).toHaveLength(100);
    expect(harness.query(app, 'A', { tcp: true }).answer).toHaveLength(10);
  });
});

test('of more than a frame can hold as much is chosen as fits: TC would lead nowhere over TCP', () => {
  const harness = fleet(100, () => ({ metadata: longMetadata(7800) }));
  const reply = harness.query(app, 'TXT', { tcp: true, edns: true });
  expect(reply).toMatchObject({ tc: false, answer: { length: 8 } });
  expect(reply.octets).toBeLessThanOrEqual(65_535);
});

test('ANY is no better than A to an attacker', () => {
  const harness = fleet(300);
  for (const edns of [false, true]) {
    const [any, a] = (['ANY', 'A'] as const).map((type) => harness.query(app, type, { edns }).octets) as [
      number,
      number,
    ];
    expect(any).toBeLessThanOrEqual(a);
  }
});

/** How often each address stands first in so many replies. */
function leads(harness: Harness, knobs: PacketKnobs, tcp: boolean, replies: number): Map<string, number> {
  const bytes = packet({ name: app, type: typeNumbers.A, ...knobs });
  const counts = new Map<string, number>();
  for (let i = 0; i < replies; i++) {
    // The choice of a larger app lasts for a TTL.
    if (i % 100 === 99) harness.elapse(5000);
    const reply = harness.send(bytes, tcp ? 'tcp' : 'udp') as Buffer;
    // The first record's data, without reading the rest each time.
    const first = reply.readUInt32BE(12 + 17 + 4 + 12).toString();
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return counts;
}

describe('each of n instances comes first in 1/n of the answers, within 20 %', () => {
  test.each([
    [2, {}, false],
    [2, {}, true],
    [10, {}, false],
    [10, {}, true],
    [100, {}, false],
    [100, { edns: true }, false],
    [100, {}, true],
    [150, {}, false],
    [150, {}, true],
    [300, { edns: true }, false],
    [300, {}, true],
  ] satisfies [number, PacketKnobs, boolean][])('n = %i, %j, TCP %s', (size, knobs, tcp) => {
    // Of a larger app a choice answers, the same for a TTL: it takes many of them.
    const replies = size > 100 ? 40_000 : 10_000;
    const counts = [...leads(fleet(size), knobs, tcp, replies).values()];
    expect(counts).toHaveLength(size);
    expect(Math.min(...counts)).toBeGreaterThan((0.8 * replies) / size);
    expect(Math.max(...counts)).toBeLessThan((1.2 * replies) / size);
  });

  test('also while other instances come and go, so that nothing is kept', () => {
    const harness = fleet(10);
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      harness.patch('orders.prod/i0', { version: `${i}` });
      const [first] = harness.query(app, 'A').answer;
      counts.set(first?.data ?? '', (counts.get(first?.data ?? '') ?? 0) + 1);
      harness.query(app, 'AAAA');
    }
    expect(counts.size).toBe(10);
    expect(Math.min(...counts.values())).toBeGreaterThan(240);
    expect(Math.max(...counts.values())).toBeLessThan(360);
  });

  test('weights are shares of the first place, for addresses as for SRV', () => {
    const harness = fleet(3, (i) => ({ weight: [10, 30, 60][i] }));
    for (const type of ['A', 'SRV'] as const) {
      const firsts = Array.from({ length: 3000 }, () => harness.query(app, type).answer[0]?.data ?? '');
      const share = (i: number) =>
        firsts.filter((data) => data.includes(type === 'A' ? hostOf(i) : `i${i}.`)).length / 3000;
      for (const [i, weight] of [0.1, 0.3, 0.6].entries()) expect(share(i)).toBeCloseTo(weight, 1);
    }
  });

  test('weight 0 is in every answer, and first hardly ever', () => {
    const harness = fleet(2, (i) => ({ weight: i * 10 }));
    const replies: Reply[] = [];
    for (let i = 0; i < 500; i++) replies.push(readReply(harness.send(packet({ name: app })) as Buffer));
    expect(replies.every(({ answer }) => answer.length === 2)).toBe(true);
    expect(replies.filter(({ answer }) => answer[0]?.data === hostOf(0)).length).toBeLessThan(25);
  });
});
