// The ring of datagrams over a scripted kernel: what no real one does on demand.

import { describe, expect, test } from 'vitest';
import { DnsCounters } from '../../../../src/dns/server/counters.ts';
import type { Handler } from '../../../../src/dns/server/handler.ts';
import { LaterReply } from '../../../../src/dns/server/peer.ts';
import { AF_INET, AF_INET6 } from '../../../../src/dns/transport/batched/linux.ts';
import { DatagramRing, slotCount } from '../../../../src/dns/transport/batched/ring.ts';
import { socketAddress } from '../../../../src/dns/transport/batched/socket-address.ts';
import { TurnBudget } from '../../../../src/dns/transport/turn-budget.ts';
import { FakeKernel, hexOf } from '../../../kit/dns/fake-kernel.ts';
import { hex } from '../../../kit/dns/packet.ts';

const [EPERM, EINTR, ENOMEM, EAGAIN, ENOBUFS, ECONNREFUSED] = [1, 4, 12, 11, 105, 111];
const loud: Handler = (bytes) => (bytes.length === 0 ? undefined : Buffer.from(bytes.toString().toUpperCase()));

interface World {
  readonly kernel: FakeKernel;
  readonly counters: DnsCounters;
  readonly ring: DatagramRing;
  arrive(...texts: string[]): void;
  /** What was sent, one word a datagram. */
  replies(): string[];
}

function world(handler = loud, family: 2 | 10 = AF_INET, isWildcard = false): World {
  const kernel = new FakeKernel();
  const counters = new DnsCounters();
  const listen = { host: 'any', port: 53 };
  const ring = new DatagramRing(kernel, { fd: 7, family, isWildcard, listen }, handler, counters, unspent);
  const name = socketAddress('127.0.0.1', 4000) as Buffer;
  const arrive = (...texts: string[]) => {
    kernel.arriving.push(...texts.map((text) => ({ name, data: Buffer.from(text) })));
  };
  return { kernel, counters, ring, arrive, replies: () => kernel.sent.map(({ data }) => data) };
}

/** A busy machine spends no turn here. */
const unspent = new TurnBudget(() => 0);

const many = (count: number) => Array.from({ length: count }, (_, i) => `q${i}`);

test('a ring is received at once and sent at once, and what is left the next time', () => {
  const { kernel, ring, arrive, replies } = world();
  arrive(...many(slotCount + 3));
  expect(ring.exchange()).toBe(slotCount);
  expect(kernel.calls).toEqual(['recvmmsg', `sendmmsg ${slotCount}`]);
  expect(ring.exchange()).toBe(3);
  expect(ring.exchange()).toBe(0);
  expect(replies()).toEqual(many(slotCount + 3).map((text) => text.toUpperCase()));
});

test('silence leaves gaps, and no client gets the reply of another', () => {
  const { kernel, ring, replies } = world();
  for (const [i, text] of ['a', '', '', 'b', 'c', ''].entries())
    kernel.arriving.push({ name: socketAddress(`10.0.0.${i}`, 4000 + i) as Buffer, data: Buffer.from(text) });
  ring.exchange();
  expect(replies()).toEqual(['A', 'B', 'C']);
  // Side by side: a flood that is mostly dropped costs no system call for each reply.
  expect(kernel.calls).toEqual(['recvmmsg', 'sendmmsg 3']);
  expect(kernel.sent.map(({ name }) => name)).toEqual(
    [0, 3, 4].map((i) => hexOf(socketAddress(`10.0.0.${i}`, 4000 + i) as Buffer)),
  );
});

test('a datagram longer than a slot is cut, and the ones beside it are whole', () => {
  const lengths: number[] = [];
  const { ring, arrive, replies } = world((bytes) => {
    lengths.push(bytes.length);
    return bytes.subarray(0, 5);
  });
  arrive('first', 'x'.repeat(9000), 'third');
  ring.exchange();
  expect(lengths).toEqual([5, 4096, 5]);
  expect(replies()).toEqual(['first', 'xxxxx', 'third']);
});

test('a datagram from port 0 is not even looked at', () => {
  const { kernel, ring, replies } = world();
  kernel.arriving.push({ name: socketAddress('127.0.0.1', 0) as Buffer, data: Buffer.from('a') });
  ring.exchange();
  expect(replies()).toEqual([]);
});

describe('receiving', () => {
  test('is tried again where a signal came in between', () => {
    const { kernel, ring, arrive, replies } = world();
    arrive('a');
    kernel.receives.push(-EINTR, -EINTR);
    expect(ring.exchange()).toBe(1);
    expect(replies()).toEqual(['A']);
  });

  test.each([
    ['nothing there', EAGAIN, 0],
    ['an error of an earlier reply', ECONNREFUSED, 1],
    ['no memory', ENOMEM, 1],
  ])('%s ends the turn, and the next one goes on', (_, errno, errors) => {
    const { kernel, counters, ring, arrive, replies } = world();
    arrive('a');
    kernel.receives.push(-errno);
    expect(ring.exchange()).toBe(0);
    expect(counters.sendErrors).toBe(errors);
    expect(ring.exchange()).toBe(1);
    expect(replies()).toEqual(['A']);
  });
});

describe('sending', () => {
  test('goes on where the kernel took a part, or was interrupted', () => {
    const { kernel, counters, ring, arrive, replies } = world();
    arrive(...many(6));
    kernel.sends.push(2, -EINTR, 1);
    ring.exchange();
    expect(replies()).toEqual(['Q0', 'Q1', 'Q2', 'Q3', 'Q4', 'Q5']);
    expect(kernel.calls.slice(1)).toEqual(['sendmmsg 6', 'sendmmsg 4', 'sendmmsg 4', 'sendmmsg 3']);
    expect(counters.sendErrors).toBe(0);
  });

  test.each([EPERM, ENOBUFS, ECONNREFUSED])('leaves out the one that fails with errno %i, and counts it', (errno) => {
    const { kernel, counters, ring, arrive, replies } = world();
    arrive(...many(4));
    kernel.sends.push(1, -errno);
    ring.exchange();
    expect(replies()).toEqual(['Q0', 'Q2', 'Q3']);
    expect(counters.sendErrors).toBe(1);
  });

  test('waits once, for milliseconds, where the queue is full', () => {
    const { kernel, counters, ring, arrive, replies } = world();
    arrive(...many(3));
    kernel.sends.push(1, -EAGAIN);
    kernel.polls.push(1);
    ring.exchange();
    expect(replies()).toEqual(['Q0', 'Q1', 'Q2']);
    expect(kernel.calls.filter((call) => call.startsWith('poll'))).toEqual(['poll 1 5']);
    expect(counters.sendErrors).toBe(0);
  });

  test('gives up what a queue that stays full does not take', () => {
    const { kernel, counters, ring, arrive, replies } = world();
    arrive(...many(3));
    kernel.sends.push(-EAGAIN, -EAGAIN, -EAGAIN);
    ring.exchange();
    expect(replies()).toEqual([]);
    expect(counters.sendErrors).toBe(3);
    arrive('later');
    ring.exchange();
    expect(replies()).toEqual(['LATER']);
  });
});

describe('at a wildcard, the reply leaves from the address that was asked', () => {
  // cmsg_len, level, type, then the data: interface 5, and the address.
  const ipv4 = (interfaceOf: string) =>
    hex(`1c00000000000000 00000000 08000000 ${interfaceOf} 7f000002 7f000002 00000000`);
  const ipv6 = (address: string, interfaceOf: string) =>
    hex(`2400000000000000 29000000 32000000 ${address} ${interfaceOf} 00000000`);

  test.each<[string, 2 | 10, Buffer, Buffer]>([
    ['of IPv4, by any interface', AF_INET, ipv4('05000000'), ipv4('00000000')],
    [
      'of IPv6, by any interface',
      AF_INET6,
      ipv6('20010db8000000000000000000000001', '05000000'),
      ipv6('20010db8000000000000000000000001', '00000000'),
    ],
    [
      'link-local, by its interface',
      AF_INET6,
      ipv6('fe800000000000000000000000000001', '05000000'),
      ipv6('fe800000000000000000000000000001', '05000000'),
    ],
  ])('%s', (_, family, received, wanted) => {
    const { kernel, ring } = world(loud, family, true);
    const name = socketAddress(family === AF_INET ? '10.0.0.9' : '2001:db8::9', 4000) as Buffer;
    kernel.arriving.push({ name, data: Buffer.from('a'), control: received });
    ring.exchange();
    expect(kernel.sent).toEqual([{ name: hexOf(name), data: 'A', control: hexOf(wanted) }]);
  });

  test('and without knowing it, none leaves', () => {
    const { kernel, ring } = world(loud, AF_INET, true);
    const name = socketAddress('10.0.0.9', 4000) as Buffer;
    kernel.arriving.push({ name, data: Buffer.from('a') }, { name, data: Buffer.from('b'), control: ipv4('05000000') });
    ring.exchange();
    kernel.arriving.push({ name, data: Buffer.from('c'), control: ipv4('05000000') });
    ring.exchange();
    expect(kernel.sent.map(({ data }) => data)).toEqual(['B', 'C']);
  });
});

test('a reply longer than a datagram is a bug, and logged as one', () => {
  const { ring, arrive } = world(() => Buffer.alloc(5000));
  arrive('a');
  expect(() => ring.exchange()).toThrow('a reply of 5000 octets is for TCP');
});

test('a later reply goes to its own client, though another has the slot by then', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* slowly() {
    await promise;
    yield Buffer.from('later');
  }
  const { kernel, ring, replies } = world((bytes) =>
    String(bytes) === 'slow' ? new LaterReply(slowly()) : Buffer.from(bytes),
  );
  const from = (host: string, text: string) =>
    kernel.arriving.push({ name: socketAddress(host, 4000) as Buffer, data: Buffer.from(text) });
  from('10.0.0.1', 'slow');
  ring.exchange();
  expect(replies()).toEqual([]);
  from('10.0.0.2', 'fast');
  ring.exchange();
  resolve();
  await new Promise(setImmediate);
  expect(replies()).toEqual(['fast', 'later']);
  expect(kernel.sent.map(({ name }) => name)).toEqual(
    ['10.0.0.2', '10.0.0.1'].map((host) => hexOf(socketAddress(host, 4000) as Buffer)),
  );
});

test('nothing is sent on a socket that is closed', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* slowly() {
    await promise;
    yield Buffer.from('later');
  }
  const { ring, arrive, replies } = world(() => new LaterReply(slowly()));
  arrive('slow');
  ring.exchange();
  ring.close();
  resolve();
  await new Promise(setImmediate);
  expect(replies()).toEqual([]);
});

test('dear answers end a turn, and the rest of the ring is answered in the next ones', () => {
  const clock = { nowMs: 0 };
  const kernel = new FakeKernel();
  const dear: Handler = (bytes) => {
    clock.nowMs += 1;
    return Buffer.from(bytes);
  };
  const socket = { fd: 7, family: AF_INET, isWildcard: false, listen: { host: 'any', port: 53 } } as const;
  const ring = new DatagramRing(kernel, socket, dear, new DnsCounters(), new TurnBudget(() => clock.nowMs));
  const name = socketAddress('127.0.0.1', 4000) as Buffer;
  kernel.arriving.push(...many(5).map((text) => ({ name, data: Buffer.from(text) })));
  expect(ring.exchange()).toBe(2);
  expect(ring.hasWaiting).toBe(true);
  expect(ring.exchange()).toBe(2);
  expect(ring.exchange()).toBe(1);
  expect(ring.hasWaiting).toBe(false);
  expect(kernel.calls.filter((call) => call === 'recvmmsg')).toHaveLength(1);
  expect(kernel.sent.map(({ data }) => data)).toEqual(many(5));
});
