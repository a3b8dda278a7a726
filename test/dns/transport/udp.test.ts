// The datagram transport on Node's own sockets.

import { EventEmitter } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { dgramUdp } from '../../../src/dns/transport/udp.ts';
import { packet } from '../../kit/dns/packet.ts';
import { Harness } from '../../kit/registry/harness.ts';
import { describeUdp } from '../sockets/udp-contract.ts';

describeUdp(dgramUdp);

/** What a socket of Node's would do, without a network: source port 0 cannot be sent from a program. */
class FakeSocket extends EventEmitter {
  readonly sent: unknown[][] = [];
  readonly send = (...args: unknown[]) => this.sent.push(args);
  readonly close = (done?: () => void) => done?.();
  readonly address = () => ({ port: 5353 });
  readonly setRecvBufferSize = () => {
    throw new Error('ENOBUFS');
  };
  readonly bind = (_: unknown, done: () => void) => done();
}

describe('on a socket that misbehaves', () => {
  async function fake(): Promise<{ socket: FakeSocket; harness: Harness }> {
    const socket = new FakeSocket();
    vi.doMock('node:dgram', () => ({ createSocket: () => socket }));
    vi.resetModules();
    onTestFinished(() => {
      vi.doUnmock('node:dgram');
      vi.resetModules();
    });
    const module = await import('../../../src/dns/transport/udp.ts');
    const harness = new Harness();
    await module.listenUdp({ host: '127.0.0.1', port: 0 }, harness.handler, harness.counters);
    return { socket, harness };
  }

  test('a datagram from port 0 gets no reply, since none could arrive', async () => {
    const { socket } = await fake();
    socket.emit('message', packet({}), { address: '127.0.0.1', port: 0 });
    expect(socket.sent).toEqual([]);
    socket.emit('message', packet({}), { address: '127.0.0.1', port: 53 });
    expect(socket.sent).toHaveLength(1);
    expect(socket.sent[0]?.slice(3, 5)).toEqual([53, '127.0.0.1']);
  });

  test('errors of sending are counted and nothing more', async () => {
    const { socket, harness } = await fake();
    socket.emit('error', new Error('ECONNREFUSED'));
    socket.emit('error', new Error('EPERM'));
    expect(harness.counters.sendErrors).toBe(2);
  });
});
