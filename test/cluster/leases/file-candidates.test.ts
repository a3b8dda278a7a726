// Who of several nodes with the same service file runs an entry.

import { expect, test } from 'vitest';
import { FileCandidates } from '../../../src/cluster/leases/file-candidates.ts';
import { NodesTable } from '../../../src/cluster/nodes/nodes-table.ts';

const key = { env: 'prod', appid: 'printer', instance: 'p1' };
const path = 'i/prod/printer/p1';
const info = { url: 'http://127.0.0.1:7172', version: '1', startedAtMs: 0, dns: undefined };

function world(me: string) {
  const table = new NodesTable(me, 10);
  for (const node of ['n1', 'n2', 'n3']) {
    table.opened(node, info, 0);
    table.known(node, 0).hasSentHello = true;
  }
  const claimed: string[] = [];
  const owners = new Map<string, string>();
  const lists = new Map<string, object>();
  const candidates = new FileCandidates({
    ...{ me, table, ownerOf: (at) => owners.get(at) },
    fetch: async (node) => lists.get(node),
    takeOver: (at) => claimed.push(at),
  });
  const publishes = async (node: string, paths: readonly string[]): Promise<void> => {
    const digest = paths.join();
    lists.set(node, { digest, paths });
    candidates.heard(node, digest);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { table, candidates, claimed, owners, publishes };
}

test('an owner runs it while its own file has it, and until its list is known', async () => {
  const { candidates, claimed, owners, publishes } = world('n1');
  candidates.named([{ key, digest: 'd' }]);
  owners.set(path, 'n2');
  expect(candidates.runnerOf(key)).toBe('n2');
  await publishes('n2', [path]);
  expect(candidates.runnerOf(key)).toBe('n2');
  candidates.look();
  expect(claimed).toEqual([]);
});

test('a candidate claims what the file of the owner has lost, the first of several alone', async () => {
  const first = world('n1');
  const third = world('n3');
  for (const { candidates, owners, publishes } of [first, third]) {
    candidates.named([{ key, digest: 'd' }]);
    owners.set(path, 'n2');
    await publishes('n2', [path]);
    await publishes('n2', []);
  }
  await first.publishes('n3', [path]);
  await third.publishes('n1', [path]);
  first.candidates.look();
  third.candidates.look();
  expect([first.claimed, third.claimed]).toEqual([[path], []]);
  expect(third.candidates.holderOf(key)).toBe('n1');
});

test('a candidate claims what a dead node ran, and the executor leaves it to it', async () => {
  const candidate = world('n1');
  candidate.candidates.named([{ key, digest: 'd' }]);
  candidate.owners.set(path, 'n2');
  await candidate.publishes('n2', [path]);
  candidate.table.known('n2', 0).isDead = true;
  candidate.candidates.look();
  expect(candidate.claimed).toEqual([path]);
  const executor = world('n3');
  expect(executor.candidates.isLeft(path)).toBe(false);
  await executor.publishes('n1', [path]);
  expect(executor.candidates.isLeft(path)).toBe(true);
});

test('health hears once of what this node runs in the place of another', async () => {
  const { candidates, owners, publishes } = world('n1');
  const taken: string[] = [];
  candidates.onTaken((keys) => void taken.push(...keys.map(({ instance }) => instance)));
  candidates.named([{ key, digest: 'd' }]);
  owners.set(path, 'n2');
  await publishes('n2', [path]);
  await publishes('n2', []);
  candidates.look();
  owners.set(path, 'n1');
  candidates.look();
  candidates.look();
  expect(taken).toEqual(['p1']);
});
