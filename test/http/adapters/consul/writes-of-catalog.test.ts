// Services on nodes that are not this server's.

import { expect, test } from 'vitest';
import { hostLabel } from '../../../../src/runtime/host-label.ts';
import { consulWorld, get, health, put, register } from '../../../kit/adapters/consul-world.ts';
import type { Json } from '../../../kit/http/http-world.ts';

test('the catalog has nodes of its own, whose services another program watches', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web' });
  const check = { CheckID: 'ping', Name: 'ping', Status: 'passing', ServiceID: 'web' };
  const entry = { Node: 'db-1', Address: '10.0.0.50', NodeMeta: { rack: 'a' }, Service: { Service: 'web', Port: 9 } };
  const reply = await put(world, '/catalog/register', { ...entry, Check: check });
  expect([reply.statusCode, reply.body]).toEqual([200, 'true']);
  const found = await health(world, '?near=db-1');
  expect(found).toMatchObject([
    {
      Node: { Node: 'db-1', Address: '10.0.0.50' },
      Service: { ID: 'web', Address: '' },
      Checks: [{ CheckID: 'ping' }],
    },
    { Node: { Node: hostLabel() } },
  ]);
  expect(await health(world, '?node-meta=rack:a')).toHaveLength(1);
  await put(world, '/catalog/register', {
    Node: 'db-1',
    Address: '10.0.0.50',
    Check: { ...check, Status: 'critical' },
  });
  expect(await health(world, '?passing')).toHaveLength(1);
  expect(await get(world, '/catalog/node/db-1')).toMatchObject({
    Node: { Node: 'db-1' },
    Services: { web: { Port: 9 } },
  });
  expect(await get<Json[]>(world, '/catalog/nodes')).toHaveLength(2);
  expect(Object.keys(await get<Json>(world, '/agent/services'))).toEqual(['web']);
  await put(world, '/catalog/deregister', { Node: 'db-1' });
  expect(await health(world)).toHaveLength(1);
  expect(await get(world, '/catalog/node/db-1')).toBeNull();
});
