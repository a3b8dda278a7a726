// Requests that are answered later, or with many messages: by opcode and by type, without a promise for plain questions.

import { describe, expect, test } from 'vitest';
import { LaterReply, type Peer } from '../../../src/dns/server/peer.ts';
import type { RequestHandler, Requests } from '../../../src/dns/server/requests.ts';
import { packet } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { atOnce, Harness } from '../../kit/registry/harness.ts';

const [UPDATE, AXFR] = [5, 252];
const peerOf = (transport: 'udp' | 'tcp'): Peer => ({ transport, address: '10.0.0.1' });

/** The request turned into a reply with an rcode, and some octets more. */
function replyTo(bytes: Buffer, rcode: number, more = 0): Buffer {
  const reply = Buffer.concat([bytes, Buffer.alloc(more)]);
  reply[2] = (reply[2] as number) | 0x80;
  reply[3] = rcode;
  return reply;
}

async function messagesOf(reply: unknown): Promise<Buffer[]> {
  if (!(reply instanceof LaterReply)) throw new Error('an answer at once');
  const messages: Buffer[] = [];
  for await (const message of reply.messages) messages.push(message);
  return messages;
}

const updates = (handler: RequestHandler): Requests => ({ opcodes: new Map([[UPDATE, handler]]) });
const update = packet({ name: 'svc.', type: 6, opcode: UPDATE });

describe('by opcode', () => {
  test('an UPDATE is answered when its handler is done, and counted then', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const requests = updates(async function* (_, bytes) {
      yield replyTo(bytes, await promise);
    });
    const harness = new Harness({ requests });
    const reply = harness.handler(update, peerOf('udp'));
    expect(reply).toBeInstanceOf(LaterReply);
    const coming = messagesOf(reply);
    expect([...harness.counters.queries()]).toEqual([]);
    resolve(9);
    expect((await coming).map((message) => readReply(message).rcode)).toEqual(['NOTAUTH']);
    expect([...harness.counters.queries()]).toMatchObject([{ transport: 'udp', rcode: 'NOTAUTH', count: 1 }]);
  });

  test('it may keep what it is given, though the transport uses its buffer and peer for another', async () => {
    const requests = updates(async function* (_, bytes, { address }) {
      await Promise.resolve();
      expect(address).toBe('10.0.0.1');
      yield replyTo(bytes, 0);
    });
    const bytes = Buffer.from(update);
    const peer = { transport: 'udp' as const, address: '10.0.0.1' };
    const coming = messagesOf(new Harness({ requests }).handler(bytes, peer));
    bytes.fill(0xff);
    peer.address = '10.0.0.2';
    expect((await coming)[0]?.subarray(4)).toEqual(replyTo(update, 0).subarray(4));
  });

  test('a question beside it is answered at once, from the cache too', () => {
    const requests = updates(async function* (_, bytes) {
      yield replyTo(bytes, 0);
    });
    const harness = new Harness({ requests });
    harness.register('orders.prod/a');
    for (let i = 0; i < 2; i++) expect(harness.query('orders.prod.svc.').answer).toHaveLength(1);
    expect(harness.counters.cacheHits).toBe(1);
  });

  test.each([
    ['NOTIFY', packet({ name: 'svc.', type: 6, opcode: 4 }), 'REFUSED'],
    ['STATUS', packet({ name: 'svc.', type: 6, opcode: 2 }), 'NOTIMP'],
  ])('%s, which has no handler, gets %s', (_, bytes, rcode) => {
    const requests = updates(async function* () {});
    expect(readReply(atOnce(new Harness({ requests }).handler(bytes, peerOf('udp'))) as Buffer).rcode).toBe(rcode);
  });

  test('a fault of the handler is SERVFAIL, and is reported', async () => {
    const requests = updates(async function* (_, bytes) {
      if (bytes.length > 0) throw new Error('broken');
      yield bytes;
    });
    const harness = new Harness({ requests });
    const [reply] = await messagesOf(harness.handler(update, peerOf('udp')));
    expect(readReply(reply as Buffer).rcode).toBe('SERVFAIL');
    expect(harness.faults).toEqual([expect.objectContaining({ message: 'broken' })]);
  });

  test('what does not fit a datagram is TC', async () => {
    const requests = updates(async function* (_, bytes) {
      yield replyTo(bytes, 0, 1000);
    });
    const harness = new Harness({ requests });
    const [cut] = await messagesOf(harness.handler(update, peerOf('udp')));
    expect(readReply(cut as Buffer)).toMatchObject({ tc: true, answer: [] });
    const [whole] = await messagesOf(harness.handler(update, peerOf('tcp')));
    expect(whole).toHaveLength(update.length + 1000);
  });
});

describe('by type', () => {
  const transfer = packet({ name: 'svc.', type: AXFR });

  test('a transfer is as many messages as it takes, made as they are taken', async () => {
    let made = 0;
    const requests: Requests = {
      types: new Map([
        [
          AXFR,
          async function* (_, bytes) {
            for (; made < 5; made++) yield replyTo(bytes, 0);
          },
        ],
      ]),
    };
    const reply = new Harness({ requests }).handler(transfer, peerOf('tcp'));
    if (!(reply instanceof LaterReply)) throw new Error('an answer at once');
    const messages = reply.messages[Symbol.asyncIterator]();
    await messages.next();
    expect(made).toBe(0);
    await messages.next();
    expect(made).toBe(1);
    await messages.return?.();
    expect(await messages.next()).toMatchObject({ done: true });
  });

  test('one that breaks off is a fault of the stream, not a reply', async () => {
    const requests: Requests = {
      types: new Map([
        [
          AXFR,
          async function* (_, bytes) {
            yield replyTo(bytes, 0);
            throw new Error('broken');
          },
        ],
      ]),
    };
    const harness = new Harness({ requests });
    await expect(messagesOf(harness.handler(transfer, peerOf('tcp')))).rejects.toThrow('broken');
    expect(harness.faults).toHaveLength(1);
  });

  test('without a handler it is REFUSED', () => {
    expect(readReply(atOnce(new Harness().handler(transfer, peerOf('tcp'))) as Buffer).rcode).toBe('REFUSED');
  });
});
