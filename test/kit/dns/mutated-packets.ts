// Packets that are nearly right: a seeded generator that takes good queries and spoils them the way that attackers and
// broken middleboxes do. The same seed gives the same packets.

import { nameOctets, opt, packet, typeNumbers } from './packet.ts';

/** mulberry32: 32 bits of state, good enough to choose what to break. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const names = [
  'svc',
  'prod.svc',
  'orders.prod.svc',
  '_http._tcp.orders.prod.svc',
  'a._tag.b._zone.orders.prod.svc',
  '',
];

export function* mutatedPackets(seed: number): Generator<Buffer, never> {
  const random = seededRandom(seed);
  const types = Object.values(typeNumbers);
  for (;;) {
    const good = packet({
      id: random(65_536),
      name: names[random(names.length)] ?? '',
      type: types[random(types.length)] ?? 1,
      class: random(8) === 0 ? random(65_536) : 1,
      flags: random(3) === 0 ? random(65_536) & 0x87ff : 0,
      opcode: random(4) === 0 ? random(16) : 0,
      edns: random(2) === 0,
    });
    yield spoiled(good, random);
  }
}

type Spoiler = (bytes: Buffer, random: (below: number) => number) => Buffer;

const spoilers: readonly Spoiler[] = [
  (bytes) => bytes,
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => Buffer.concat([bytes, noise(random(64), random)]),
  (bytes, random) => flipped(bytes, 1 + random(4), random),
  // Counts that lie.
  (bytes, random) => withU16(bytes, 4 + 2 * random(4), random(3) === 0 ? 0xffff : random(8)),
  // A compression pointer somewhere in the name.
  (bytes, random) => withU16(bytes, 12 + random(Math.max(1, bytes.length - 14)), 0xc000 | random(bytes.length + 4)),
  // Labels of every type and length.
  (bytes, random) => withOctet(bytes, 12, random(256)),
  (_bytes, random) => Buffer.concat([packet({ name: null, counts: [1, 0, 0, 0] }), noise(random(512), random)]),
  (_bytes, random) => noise(random(1500), random),
  // Options that do not add up.
  (_bytes, random) =>
    packet({
      additionals: [withU16(opt({ options: [{ code: random(20), data: noise(random(40), random) }] }), 9, random(64))],
    }),
  (_bytes, random) =>
    packet({ edns: { size: random(65_536), version: random(4), extendedRcode: random(256), flags: random(65_536) } }),
  (_bytes, random) => packet({ additionals: [opt(), opt()].slice(random(2)), edns: true }),
  // As many labels as a name can have, or one too many.
  (_bytes, random) => packet({ name: nameOctets(Array.from({ length: 126 + random(3) }, () => 'a')) }),
];

function spoiled(bytes: Buffer, random: (below: number) => number): Buffer {
  return (spoilers[random(spoilers.length)] as Spoiler)(bytes, random);
}

function noise(length: number, random: (below: number) => number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}

function flipped(bytes: Buffer, bits: number, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < bits; i++) {
    const at = random(copy.length);
    copy[at] = (copy[at] as number) ^ (1 << random(8));
  }
  return copy;
}

function withOctet(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = value;
  return copy;
}

function withU16(bytes: Buffer, at: number, value: number): Buffer {
  return withOctet(withOctet(bytes, at, value >> 8), at + 1, value & 0xff);
}
