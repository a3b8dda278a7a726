// Renewals of instances that a node does not know: one that another node knows is waited for, and none is refused while
// that cannot be decided.

import { expect, test } from 'vitest';
import { HeardElsewhere } from '../../../src/cluster/leases/heard-elsewhere.ts';
import { NodesTable } from '../../../src/cluster/nodes/nodes-table.ts';
import { instancePath } from '../../../src/cluster/records/keys.ts';
import type { InstanceKey } from '../../../src/model/names.ts';

const key = (instance: string): InstanceKey => ({ env: 'prod', appid: 'pay', instance });

function node({ known = [] as readonly string[], watchBrings = [] as readonly string[], trouble = '' }) {
  const table = new NodesTable('n1', 10);
  const info = { url: 'http://n2', version: '0.1.0', startedAtMs: 0, dns: undefined };
  table.opened('n2', info, 0);
  const here = new Set<string>();
  const calls: string[][] = [];
  const asking = new HeardElsewhere({
    table,
    nowMs: () => 0,
    peers: {
      call: async (_node, _call, body) => {
        const { keys } = body as { keys: string[] };
        calls.push(keys);
        return { known: keys.filter((path) => known.some((one) => path.endsWith(`/${one}`))).map((path) => [path, 7]) };
      },
    },
    trouble: () => (trouble === '' ? undefined : trouble),
    isHere: ({ instance }) => here.has(instance),
    hasApplied: async (revision) => {
      expect(revision).toBe(7);
      for (const one of watchBrings) here.add(one);
      return true;
    },
  });
  return { asking, calls };
}

test('what another node knows is here once the own watch has brought it', async () => {
  const { asking } = node({ known: ['a1'], watchBrings: ['a1'] });
  expect(await asking.ask([key('a1')])).toBe('here');
  expect(asking.counts).toEqual({ found: 1, unknown: 0 });
});

test('what no node knows is nowhere', async () => {
  const { asking } = node({});
  expect(await asking.ask([key('a1')])).toBe('nowhere');
  expect(asking.counts).toEqual({ found: 0, unknown: 1 });
});

test('no instance is reported as unknown while the node is cut off, or its watch is late', async () => {
  expect(await node({ trouble: 'it is cut off' }).asking.ask([key('a1')])).toEqual({ reason: 'it is cut off' });
  expect(await node({ known: ['a1'] }).asking.ask([key('a1')])).toMatchObject({ reason: expect.any(String) });
});

test('questions of one moment go together, and names that are none are not asked for', async () => {
  const { asking, calls } = node({});
  const answers = await Promise.all([
    asking.ask([key('a1')]),
    asking.ask([key('a2')]),
    asking.ask([{ env: 'A B', appid: 'pay', instance: 'x' }]),
  ]);
  expect(answers).toEqual(['nowhere', 'nowhere', 'nowhere']);
  expect(calls).toEqual([[instancePath(key('a1')), instancePath(key('a2'))]]);
});
