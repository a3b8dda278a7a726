// Open connections, in all and of one client: the one too many gets an HTTP error, the others stay, places come back.

import { afterEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../../kit/http/http-world.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';

const worlds: World[] = [];
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const { app } of worlds.splice(0)) await app.close();
});

async function listening(limits: { connectionsMax?: number; connectionsPerClientMax?: number }) {
  const world = createWorld({ realTimers: true, deps: { limits } });
  worlds.push(world);
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = world.app.server.address() as { port: number };
  const dial = async () => {
    const connection = await RawConnection.open(port);
    connections.push(connection);
    return connection;
  };
  return { ...world, dial };
}

const get = 'GET /api/v1/apps HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';

describe.each([
  [{ connectionsMax: 2 }, 503, 'connections', 'Cannot take another connection: 2 are open.'],
  [
    { connectionsPerClientMax: 2 },
    429,
    'client-connections',
    'Cannot take another connection of 127.0.0.1: it has 2 open.',
  ],
] as const)('with %j', (limits, status, what, detail) => {
  test(`one more is a ${status}, before or behind its request`, async () => {
    const { dial, counters } = await listening(limits);
    const [first, second] = [await dial(), await dial()];
    first.write(get);
    second.write(get);
    await expect.poll(() => [...first.statuses, ...second.statuses]).toEqual([200, 200]);

    const [silent, eager] = [await dial(), await dial()];
    eager.write(get.repeat(20));
    await Promise.all([silent.closed, eager.closed]);
    for (const { statuses, received } of [silent, eager]) {
      expect(statuses).toEqual([status]);
      expect(received).toContain('content-type: application/problem+json');
      expect(received).toContain(detail);
      expect(received).toMatch(/retry-after: [234]\r\n/);
    }
    expect(counters.counts.get(`refused:${what}`)).toBe(2);
    // The refused ones are not among those that are open.
    expect(counters.connections).toBe(2);

    first.write(get);
    await expect.poll(() => first.statuses).toEqual([200, 200]);
    second.destroy();
    await expect
      .poll(async () => {
        const next = await dial();
        next.write(get);
        await expect.poll(() => next.statuses.length).toBe(1);
        return next.statuses;
      })
      .toEqual([200]);
  });
});

test('hundreds of them at once are closed, and open ones are served', async () => {
  const { dial } = await listening({ connectionsMax: 1 });
  const first = await dial();
  first.write(get);
  await expect.poll(() => first.statuses).toEqual([200]);
  const many = await Promise.all(Array.from({ length: 500 }, () => dial()));
  await Promise.all(many.map(({ closed }) => closed));
  expect(many.flatMap(({ statuses }) => statuses).every((status) => status === 503)).toBe(true);
  first.write(get);
  await expect.poll(() => first.statuses).toEqual([200, 200]);
});
