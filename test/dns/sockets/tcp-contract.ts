// What every stream transport does, over any sockets: framing, half-close, abuse, limits and the end, on real sockets of the
// loopback.

import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import type { Handler } from '../../../src/dns/server/handler.ts';
import type { listenTcp as Listen } from '../../../src/dns/transport/tcp.ts';
import type { TcpLimits } from '../../../src/dns/transport/tcp-connections.ts';
import { DnsStream } from '../../kit/dns/dns-stream.ts';
import { frame, hex, packet } from '../../kit/dns/packet.ts';
import { until } from '../../kit/process/until.ts';
import { Harness } from '../../kit/registry/harness.ts';

const patient: TcpLimits = { idleMs: 60_000, connectionsMax: 100, connectionsPerClientMax: 100 };
const query = frame(packet({}));

interface Listening {
  readonly port: number;
  readonly counters: DnsCounters;
  readonly open: () => Promise<DnsStream>;
  readonly close: () => Promise<void>;
}

export function describeTcp(listenTcp: typeof Listen): void {
  async function listening(limits: Partial<TcpLimits> = {}, wanted?: Handler, host = '127.0.0.1'): Promise<Listening> {
    const harness = new Harness();
    for (let i = 1; i <= 60; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    const metadata = { k: 'v'.repeat(8000) };
    for (let i = 1; i <= 6; i++) harness.register(`large.prod/i${i}`, { metadata });
    const counters = new DnsCounters();
    const listener = await listenTcp({ host, port: 0 }, wanted ?? harness.handler, counters, { ...patient, ...limits });
    if ('failed' in listener) throw listener.error;
    const { port } = listener.listen;
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= listener.close();
      return closing;
    };
    onTestFinished(close);
    return { port, counters, open: () => DnsStream.open(port, host), close };
  }

  describe('queries are answered', () => {
    test.each(['127.0.0.1', '::1'])('at %s, whole where UDP would have cut', async (host) => {
      const { open } = await listening({}, undefined, host);
      const stream = await open();
      stream.socket.write(query);
      expect((await stream.received(1))[0]).toMatchObject({ rcode: 'NOERROR', tc: false, answer: { length: 60 } });
    });

    test('that come one octet at a time, and one and a half at once', async () => {
      const { open } = await listening();
      const stream = await open();
      for (const octet of query) {
        stream.socket.write(Buffer.of(octet));
        await new Promise(setImmediate);
      }
      await stream.received(1);
      stream.socket.write(Buffer.concat([query, query.subarray(0, 7)]));
      await stream.received(2);
      stream.socket.write(query.subarray(7));
      await stream.received(3);
    });

    test('a hundred in one segment, in order', async () => {
      const { open } = await listening();
      const stream = await open();
      stream.socket.write(Buffer.concat(Array.from({ length: 100 }, (_, id) => frame(packet({ id })))));
      const replies = await stream.received(100);
      expect(replies.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => id));
      expect(stream.state).toBe('open');
    });

    test.each([1, 20, 500])('%i before the client closes its side, all of them, then ours is closed', async (count) => {
      const { open, counters } = await listening();
      const stream = await open();
      stream.socket.end(Buffer.concat(Array.from({ length: count }, () => query)));
      await stream.received(count);
      await stream.ended();
      await until('the connection to be forgotten', () => counters.tcpConnections === 0);
    });

    test('after a malformed one', async () => {
      const { open } = await listening();
      const stream = await open();
      stream.socket.write(frame(packet({ counts: [2, 0, 0, 0] })));
      stream.socket.write(query);
      expect((await stream.received(2)).map(({ rcode }) => rcode)).toEqual(['FORMERR', 'NOERROR']);
    });
  });

  describe('a connection is closed, and others go on', () => {
    test.each([
      ['for an empty frame', hex('0000')],
      ['for a frame shorter than a header', hex('0005 0102030405')],
      ['for a reply', frame(packet({ flags: 0x8000 }))],
      ['for 65535 octets of ff', frame(Buffer.alloc(65_535, 0xff))],
    ])('%s', async (_, octets) => {
      const { open, counters } = await listening();
      const [honest, stream] = [await open(), await open()];
      stream.socket.write(octets);
      await stream.ended();
      expect(stream.replies).toEqual([]);
      honest.socket.write(query);
      await honest.received(1);
      await until('the connection to be forgotten', () => counters.tcpConnections === 1);
    });

    test('when it ends within a frame', async () => {
      const { open, counters } = await listening();
      const stream = await open();
      stream.socket.end(Buffer.concat([query, hex('01f4'), Buffer.alloc(20)]));
      await stream.received(1);
      await stream.ended();
      await until('the connection to be forgotten', () => counters.tcpConnections === 0);
    });

    test('when it sends nothing for too long', async () => {
      const { open } = await listening({ idleMs: 30 });
      const stream = await open();
      await stream.ended();
    });

    test('when it sends something now and then, but never a whole message', async () => {
      const { open } = await listening({ idleMs: 200 });
      const stream = await open();
      const drip = setInterval(() => stream.socket.write(Buffer.of(1)), 5);
      onTestFinished(() => clearInterval(drip));
      await stream.ended();
    });

    test('when it speaks HTTP and waits', async () => {
      const { open } = await listening({ idleMs: 30 });
      const stream = await open();
      stream.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await stream.ended();
      expect(stream.replies).toEqual([]);
    });
  });

  test('a client that never reads is not read from, and cut off in the end', async () => {
    let calls = 0;
    const big = Buffer.alloc(60_000);
    const count: Handler = () => {
      calls++;
      return big;
    };
    const { open, counters } = await listening({ idleMs: 300 }, count);
    const stream = await open();
    stream.socket.pause();
    // 3500 queries in 120 kB: their answers would be 210 MB.
    stream.socket.write(Buffer.concat(Array.from({ length: 3500 }, () => query)));
    await until('the first answer', () => calls > 0);
    await until('the connection to be forgotten', () => counters.tcpConnections === 0);
    // What the kernel's two buffers take, and little more.
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThan(1000);
  });

  test('a client that reads late gets everything, also when it has closed its side', async () => {
    const { open } = await listening();
    const stream = await open();
    stream.socket.pause();
    // 20 MB of answers: more than the kernel takes in between.
    const large = frame(packet({ name: 'large.prod.svc.', type: 16 }));
    stream.socket.end(Buffer.concat(Array.from({ length: 400 }, () => large)));
    // The kernel's buffers fill meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 50));
    stream.socket.resume();
    await stream.received(400);
    await stream.ended();
  });

  test('a client that asks now and then stays, until it no longer does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { open } = await listening({ idleMs: 1000 });
    const stream = await open();
    for (let asked = 1; asked <= 3; asked++) {
      stream.socket.write(query);
      while (stream.replies.length < asked) await once(stream.socket, 'data');
      vi.advanceTimersByTime(900);
    }
    expect(stream.state).toBe('open');
    vi.advanceTimersByTime(100);
    vi.useRealTimers();
    await stream.ended();
  });

  describe('connections are counted', () => {
    /** From the second question on all sockets count it by its last one; the first may be as old as its connection. */
    async function askTwice(stream: DnsStream): Promise<void> {
      for (const count of [1, 2]) {
        stream.socket.write(query);
        await stream.received(count);
      }
    }

    test('in all: the longest idle one makes room', async () => {
      const { open, counters } = await listening({ connectionsMax: 2 });
      const [first, second] = [await open(), await open()];
      for (const stream of [second, first]) await askTwice(stream);
      const third = await open();
      await second.ended();
      for (const stream of [first, third]) stream.socket.write(query);
      await first.received(3);
      await third.received(1);
      expect(counters).toMatchObject({ tcpConnections: 2, tcpRefused: 1 });
    });

    test('for each client: its longest idle one makes room, so that it is never locked out', async () => {
      const { open, counters } = await listening({ connectionsPerClientMax: 2 });
      const [first, second] = [await open(), await open()];
      for (const stream of [second, first]) await askTwice(stream);
      const third = await open();
      await second.ended();
      third.socket.write(query);
      await third.received(1);
      expect(counters).toMatchObject({ tcpConnections: 2, tcpRefused: 1 });
    });
  });

  describe('close', () => {
    test('sends what was answered, closes all, and frees the port', async () => {
      const { open, close, counters, port } = await listening();
      const stream = await open();
      stream.socket.write(query);
      await stream.received(1);
      const closed = close();
      await stream.ended();
      stream.socket.destroy();
      await closed;
      await until('no connection', () => counters.tcpConnections === 0);
      await expect(DnsStream.open(port)).rejects.toThrow('ECONNREFUSED');
      const again = await listenTcp({ host: '127.0.0.1', port }, () => undefined, counters, patient);
      if ('failed' in again) throw again.error;
      await again.close();
    });

    test('does not wait for a client that neither reads nor leaves for longer than the idle time', async () => {
      const { open, close } = await listening({ idleMs: 100 }, () => Buffer.alloc(60_000));
      const stream = await open();
      stream.socket.pause();
      stream.socket.write(Buffer.concat(Array.from({ length: 1000 }, () => query)));
      // The kernel's buffers fill meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await close();
    });
  });

  test('a taken port is a result, not an exception', async () => {
    const { port, counters } = await listening();
    const second = await listenTcp({ host: '127.0.0.1', port }, () => undefined, counters, patient);
    expect(second).toMatchObject({ failed: { port }, error: { code: 'EADDRINUSE' } });
  });
}
