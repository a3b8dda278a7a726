// What a data plane answers beyond plain questions, without threads and with two: requests that the main thread answers,
// requests that came some other way, and clients outside the networks that may ask.

import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { PlaneOptions } from '../../../src/dns/plane/plane.ts';
import { loadLibC } from '../../../src/dns/transport/batched/libc.ts';
import { packet } from '../../kit/dns/packet.ts';
import { openWorld, type PlaneWorld } from '../../kit/dns/plane-world.ts';
import { readReply } from '../../kit/dns/reply.ts';

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

const batched = 'unavailable' in (await loadLibC()) ? 'dgram' : 'batched';
const UPDATE = 5;
const update = packet({ name: 'svc.', type: 6, opcode: UPDATE });
const question = packet({ name: 'orders.prod.svc.' });

function overUdp(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  leftovers.push(() => socket.close());
  const reply = new Promise<Buffer>((resolve) => socket.once('message', resolve));
  socket.send(bytes, port, '127.0.0.1');
  return reply;
}

/** Undefined: the connection was closed instead. */
function overTcp(port: number, bytes: Buffer): Promise<Buffer | undefined> {
  const socket = connect(port, '127.0.0.1');
  leftovers.push(() => socket.destroy());
  socket.write(Buffer.concat([Buffer.from([0, bytes.length]), bytes]));
  return new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.subarray(2)));
    socket.on('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}

describe.each([
  [0, 'dgram'],
  [2, batched],
  [2, 'dgram'],
] as const)('%i threads, %s', (threads, transport) => {
  async function world(more: Partial<PlaneOptions> = {}): Promise<PlaneWorld & { readonly port: number }> {
    const opened = await openWorld(leftovers, threads, { transport, ...more });
    opened.harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
    opened.plane.ready();
    await opened.plane.applied();
    return { ...opened, port: opened.plane.listens[0]?.port ?? 0 };
  }

  test('an UPDATE is answered by the main thread, a question beside it as ever', async () => {
    const heard: string[] = [];
    const delegated: PlaneOptions['delegated'] = {
      opcodes: [UPDATE],
      answer: async (bytes, { transport: over, address }) => {
        heard.push(`${over} ${address} ${bytes.length}`);
        const reply = Buffer.from(bytes);
        reply[2] = (reply[2] as number) | 0x80;
        reply[3] = 9;
        return reply;
      },
    };
    const { port } = await world({ delegated });
    expect(readReply(await overUdp(port, update)).rcode).toBe('NOTAUTH');
    expect(readReply((await overTcp(port, update)) as Buffer).rcode).toBe('NOTAUTH');
    expect(heard).toEqual([`udp 127.0.0.1 ${update.length}`, `tcp 127.0.0.1 ${update.length}`]);
    expect(readReply(await overUdp(port, question)).answer).toHaveLength(1);
  });

  test('one that the main thread fails to answer is SERVFAIL', async () => {
    const answer = () => Promise.reject(new Error('broken'));
    const { port, lost } = await world({ delegated: { opcodes: [UPDATE], answer } });
    expect(readReply(await overUdp(port, update)).rcode).toBe('SERVFAIL');
    expect(lost).toEqual([expect.objectContaining({ message: 'broken' })]);
  });

  test('a request that came some other way is answered as over TCP, with all earlier changes', async () => {
    const { plane, harness } = await world();
    for (let i = 1; i <= 60; i++) harness.register(`orders.prod/b${i}`, { addrs: [`http://10.0.1.${i}:80`] });
    const reply = await plane.answer(question, { transport: 'tcp', address: '192.0.2.1' });
    expect(readReply(Buffer.from(reply as Uint8Array))).toMatchObject({ rcode: 'NOERROR', tc: false });
    expect(readReply(Buffer.from(reply as Uint8Array)).answer).toHaveLength(61);
    expect(await plane.answer(Buffer.alloc(3), { transport: 'tcp', address: '192.0.2.1' })).toBeUndefined();
  });

  test('clients outside the networks that may ask are REFUSED, however they come, and counted', async () => {
    const { port, plane } = await world({ access: { allow: ['10.0.0.0/8'], denied: 'refuse' } });
    expect(readReply(await overUdp(port, question)).rcode).toBe('REFUSED');
    expect(readReply((await overTcp(port, question)) as Buffer).rcode).toBe('REFUSED');
    const outside = await plane.answer(question, { transport: 'tcp', address: '192.0.2.1' });
    expect(readReply(Buffer.from(outside as Uint8Array)).rcode).toBe('REFUSED');
    const inside = await plane.answer(question, { transport: 'tcp', address: '10.1.2.3' });
    expect(readReply(Buffer.from(inside as Uint8Array)).rcode).toBe('NOERROR');
    expect(plane.counters.denied).toBe(3);
  });

  test('or get nothing, where that is asked for', async () => {
    const { port, plane } = await world({ access: { allow: ['10.0.0.0/8'], denied: 'drop' } });
    expect(await overTcp(port, question)).toBeUndefined();
    expect(await plane.answer(question, { transport: 'tcp', address: '192.0.2.1' })).toBeUndefined();
    expect(plane.counters.denied).toBe(1);
  });
});
