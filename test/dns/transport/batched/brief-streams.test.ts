// Streams that are accepted without Node: the same as on its own sockets, and one question a connection is answered without
// one of its objects. Where the machine cannot have them, the test is skipped with a note; in CI it is a failure.

import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DnsCounters } from '../../../../src/dns/server/counters.ts';
import type { Handler } from '../../../../src/dns/server/handler.ts';
import { LaterReply } from '../../../../src/dns/server/peer.ts';
import { openBatchedUdp } from '../../../../src/dns/transport/batched/batched-udp.ts';
import { briefMax } from '../../../../src/dns/transport/batched/brief-streams.ts';
import { listenTcp } from '../../../../src/dns/transport/tcp.ts';
import { DnsStream } from '../../../kit/dns/dns-stream.ts';
import { frame, packet } from '../../../kit/dns/packet.ts';
import { until } from '../../../kit/process/until.ts';
import { Harness } from '../../../kit/registry/harness.ts';
import { describeTcp } from '../../sockets/tcp-contract.ts';

const opened = await openBatchedUdp();
const isMissing = 'unavailable' in opened;
if (isMissing && process.env['CI']) throw new Error(opened.unavailable);
const listen = ('unavailable' in opened ? undefined : opened.listenTcp) ?? listenTcp;

const query = frame(packet({}));
const patient = { idleMs: 60_000, connectionsMax: 1000, connectionsPerClientMax: 1000 };

async function listening(handler: Handler) {
  const counters = new DnsCounters();
  const listener = await listen({ host: '127.0.0.1', port: 0 }, handler, counters, patient);
  if ('failed' in listener) throw listener.error;
  onTestFinished(() => listener.close());
  return { counters, port: listener.listen.port };
}

function answering(): Handler {
  const harness = new Harness();
  harness.register('orders.prod/a');
  return harness.handler;
}

describe.skipIf(isMissing)('streams without Node', () => {
  describeTcp(listen);

  test('hundreds of clients with one question each, more at once than are held', async () => {
    const { counters, port } = await listening(answering());
    const clients = await Promise.all(Array.from({ length: 3 * briefMax }, () => DnsStream.open(port)));
    for (const { socket } of clients) socket.write(query);
    for (const client of clients) {
      expect((await client.received(1))[0]).toMatchObject({ rcode: 'NOERROR', answer: { length: 1 } });
      client.socket.end();
    }
    for (const client of clients) await client.ended();
    await until('all connections to be forgotten', () => counters.tcpConnections === 0);
    expect(counters.tcpRefused).toBe(0);
  });

  test('a second question of a connection is answered, whether it comes soon or late', async () => {
    const { port } = await listening(answering());
    const [soon, late] = [await DnsStream.open(port), await DnsStream.open(port)];
    for (const { socket } of [soon, late]) socket.write(query);
    await soon.received(1);
    soon.socket.write(query);
    await soon.received(2);
    // A later event of another connection shows that the first was given to Node meanwhile.
    await late.received(1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    late.socket.write(Buffer.concat([query, query]));
    await late.received(3);
    expect([soon.state, late.state]).toEqual(['open', 'open']);
  });

  test('a reply that comes later, and one that the client does not read at once, come whole', async () => {
    const big = Buffer.alloc(65_535, 0x80);
    const later: Handler = (bytes) =>
      bytes[1] === 1
        ? new LaterReply(
            (async function* () {
              await Promise.resolve();
              yield answering()(Buffer.from(packet({})), { transport: 'tcp', address: '127.0.0.1' }) as Buffer;
            })(),
          )
        : big;
    const { port } = await listening(later);
    const waiting = await DnsStream.open(port);
    waiting.socket.write(frame(packet({ id: 1 })));
    expect(await waiting.received(1)).toHaveLength(1);
    // Not read as messages: it is octets without meaning.
    const slow = connect({ host: '127.0.0.1', port });
    onTestFinished(() => {
      slow.destroy();
    });
    slow.write(frame(packet({ id: 2 })));
    let octets = 0;
    slow.on('data', (chunk: Buffer) => {
      octets += chunk.length;
    });
    await until('the whole reply', () => octets === 2 + big.length);
  });

  test('the gate is asked before a connection is answered', async () => {
    const handler = Object.assign((): undefined => undefined, { gate: { verdict: () => 'drop' as const } });
    const { counters, port } = await listening(handler);
    const stream = await DnsStream.open(port);
    await stream.ended();
    expect(counters.tcpConnections).toBe(0);
  });
});
