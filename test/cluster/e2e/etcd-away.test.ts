// etcd is away: however many calls, watches and sessions wait, one connection at a time is tried, what waits is bounded,
// and nothing piles up.

import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isFault } from '../../../src/cluster/engine.ts';
import { bytes, engineAt } from '../../kit/cluster/etcd-client.ts';
import { until } from '../../kit/process/until.ts';

describe('without etcd', () => {
  test('many waiting calls, watches and sessions cost one connection at a time', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on('error', () => {}).destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const engine = engineAt([`http://127.0.0.1:${port}`]);
    const broken: string[] = [];
    const following = Array.from({ length: 20 }, () =>
      engine.follow('/k/', { revision: 1, clusterId: '1' }, ({ kind }) => broken.push(kind)),
    );
    const sessions = Array.from({ length: 20 }, (_, index) =>
      engine.session({ key: `/n/${index}`, value: bytes(''), ttlSeconds: 10 }, () => {}),
    );
    const calls = Array.from({ length: 1000 }, () => engine.swap({ swaps: [], puts: [{ key: '/a' }] }, 2000));

    await until('the first attempts', () => engine.connectionAttempts >= 2);
    const before = process.getActiveResourcesInfo().length;
    const replies = await Promise.all(calls);
    expect(replies.every((reply) => isFault(reply) && reply.fault === 'unavailable' && !reply.sent)).toBe(true);
    await until('more attempts', () => engine.connectionAttempts >= 6);
    // A second socket where the first call on a broken channel asks why.
    expect(connections).toBeLessThanOrEqual(2 * engine.connectionAttempts + 2);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 10);
    // Not one event for each attempt.
    expect(broken.length).toBeLessThanOrEqual(20);
    for (const one of following) one.close();
    await Promise.all(sessions.map((session) => session.close()));
    engine.close();
    await until('all sockets gone', () => !process.getActiveResourcesInfo().includes('TCPSocketWrap'));
    server.close();
  });

  test('a call names the endpoint at fault, and why', async () => {
    const engine = engineAt(['http://127.0.0.1:1']);
    expect(await engine.swap({ swaps: [], puts: [{ key: '/a' }] }, 3000)).toMatchObject({
      fault: 'unavailable',
      detail: expect.stringMatching(/127\.0\.0\.1:1.*ECONNREFUSED/s),
    });
    engine.close();
  });

  test('closed is closed: waiting calls end', async () => {
    const engine = engineAt(['http://127.0.0.1:1']);
    const call = engine.swap({ swaps: [], puts: [{ key: '/a' }] }, 60_000);
    engine.close();
    expect(await call).toMatchObject({ fault: 'unavailable', sent: false });
  });
});
