// Nodes of the catalog as DNS hears of them.

import { expect, test } from 'vitest';
import { CatalogNodes } from '../../../../src/http/adapters/consul/catalog-nodes.ts';
import type { ConsulNode } from '../../../../src/model/consul-node.ts';
import { consulWorld, put } from '../../../kit/adapters/consul-world.ts';

async function world() {
  const found = consulWorld();
  const heard: ConsulNode[] = [];
  const nodes = new CatalogNodes('prod', (node) => heard.push(node));
  found.registry.onChange((change) => nodes.changed(change));
  const register = async (Node: string, Address: string, id: string): Promise<void> => {
    const body = { Node, Address, Service: { Service: 'db', ID: id, Port: 5432 } };
    expect((await put(found, '/catalog/register', body)).body).toBe('true');
  };
  const deregister = (Node: string, ServiceID: string) => put(found, '/catalog/deregister', { Node, ServiceID });
  return { found, heard, register, deregister };
}

test('a node is there from its first service to its last', async () => {
  const { heard, register, deregister } = await world();
  await register('DB1', '10.8.0.1', 'a');
  await register('DB1', '10.8.0.1', 'b');
  expect(heard).toEqual([{ name: 'db1', addresses: ['10.8.0.1'] }]);
  await deregister('DB1', 'a');
  expect(heard).toHaveLength(1);
  await deregister('DB1', 'b');
  expect(heard.at(-1)).toEqual({ name: 'db1', addresses: undefined });
});

test('a node that moves has its new address', async () => {
  const { heard, register } = await world();
  await register('db1', '10.8.0.1', 'a');
  await register('db1', '10.8.0.2', 'a');
  expect(heard.at(-1)).toEqual({ name: 'db1', addresses: ['10.8.0.2'] });
});

test('a node at the name of a host is there without an address; services of the agent are on no such node', async () => {
  const { found, heard, register } = await world();
  await register('db1', 'db.example', 'a');
  expect(heard).toEqual([{ name: 'db1', addresses: [] }]);
  await put(found, '/agent/service/register', { Name: 'web', Address: '10.0.0.1' });
  expect(heard).toHaveLength(1);
});
