// The batched transport on real sockets, and how it lives with everything else on its thread. Where the machine cannot
// have it, the test is skipped with a note; in CI it is a failure.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openBatchedUdp } from '../../../../src/dns/transport/batched/batched-udp.ts';
import { listenDns } from '../../../../src/dns/transport/server.ts';
import { dgramUdp } from '../../../../src/dns/transport/udp.ts';
import { tcpClient, udpClient } from '../../../kit/dns/dns-client.ts';
import { Harness } from '../../../kit/registry/harness.ts';
import { clientOf, describeUdp, listening } from '../../sockets/udp-contract.ts';

const opened = await openBatchedUdp();
const isMissing = 'unavailable' in opened;
if (isMissing && process.env['CI']) throw new Error(opened.unavailable);
const transport = isMissing ? dgramUdp : opened;

describe.skipIf(isMissing)('batched', () => {
  describeUdp(transport);

  test.each([
    ['0.0.0.0', ['127.0.0.1', '127.0.0.2', '127.3.2.1']],
    ['::', ['::1']],
  ])('at %s every address of the host is answered from itself', async (host, addresses) => {
    const { listen } = await listening(transport, (bytes) => Buffer.from(bytes), undefined, { host, port: 0 });
    for (const address of addresses) {
      const { socket, replies } = await clientOf(address, listen.port);
      for (let i = 0; i < 100; i++) socket.send(`${address} ${i}`);
      expect((await replies(100)).map(String)).toEqual(Array.from({ length: 100 }, (_, i) => `${address} ${i}`));
    }
  });

  test('a burst that waits when it closes is answered', async () => {
    const listener = await listening(transport, (bytes) => Buffer.from(bytes));
    const { socket, replies } = await clientOf('127.0.0.1', listener.listen.port);
    const sent = Array.from({ length: 150 }, (_, i) => new Promise((done) => socket.send(`${i}`, done)));
    await Promise.all(sent);
    await listener.close();
    expect(await replies(150)).toHaveLength(150);
    await listener.close();
  });
});

describe.skipIf(isMissing)('a thread that waits for datagrams', () => {
  async function started(): Promise<{ worker: Worker; port: number }> {
    const worker = new Worker(new URL('../../../kit/dns/batched-thread.ts', import.meta.url));
    onTestFinished(async () => {
      await worker.terminate();
    });
    const [port] = (await once(worker, 'message')) as [number];
    return { worker, port };
  }

  test('receives a message, and answers with it from then on', async () => {
    const { worker, port } = await started();
    const { socket, replies } = await clientOf('127.0.0.1', port);
    const words = Array.from({ length: 50 }, (_, i) => `word ${i}`);
    for (const [i, word] of words.entries()) {
      worker.postMessage(word);
      expect(await once(worker, 'message')).toEqual([word]);
      socket.send('what');
      expect(String((await replies(i + 1))[i])).toBe(word);
    }
  });

  test('ends by itself when its sockets are closed, and at once when it is ended', async () => {
    const { worker } = await started();
    const ended = once(worker, 'exit');
    worker.postMessage('stop');
    expect(await ended).toEqual([0]);
    const second = await started();
    expect(await second.worker.terminate()).toBe(1);
  });
});

describe.skipIf(isMissing)('on its thread', () => {
  test('TCP is served beside it, turn by turn, and timers come', async () => {
    const harness = new Harness();
    for (let i = 1; i <= 60; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    const tcp = { idleMs: 60_000, connectionsMax: 10, connectionsPerClientMax: 10 };
    const deps = { handler: harness.handler, counters: harness.counters, tcp, udp: transport };
    const covered = await listenDns([{ host: '0.0.0.0', port: 0 }], deps);
    if ('failed' in covered) throw covered.error;
    onTestFinished(() => covered.close());
    expect(covered.listens).toEqual([{ host: '0.0.0.0', port: expect.any(Number) }]);
    const port = covered.listens[0]?.port ?? 0;
    const [udp, stream] = [await udpClient(port, '127.0.0.2'), await tcpClient(port, '127.0.0.2')];
    onTestFinished(() => {
      for (const client of [udp, stream]) client.close();
    });
    // More than TCP answers in one turn.
    const asked = Array.from({ length: 1000 }, () => stream.ask('orders.prod.svc.'));
    expect(await udp.ask('orders.prod.svc.', 'A', { edns: false })).toMatchObject({ tc: true });
    const replies = await Promise.all(asked);
    expect(replies.every(({ answer }) => answer.length === 60)).toBe(true);
    // Timers come, though the thread waits in poll(2).
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('it sleeps without queries', async () => {
    await listening(transport, (bytes) => bytes);
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { user, system } = process.cpuUsage(before);
    // Spinning would be all of it.
    expect(user + system).toBeLessThan(250_000);
  });
});
