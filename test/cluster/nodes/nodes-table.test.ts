// Who of the nodes is dead: never on the word of etcd alone.

import { describe, expect, test } from 'vitest';
import { NodesTable } from '../../../src/cluster/nodes/nodes-table.ts';

const info = { url: 'http://127.0.0.1:7172', version: '1', startedAtMs: 0, dns: undefined };

function world() {
  const table = new NodesTable('n1', 10);
  for (const node of ['n1', 'n2', 'n3']) table.opened(node, info, 0);
  const hello = (node: string, nowMs: number): void => {
    const state = table.known(node, nowMs);
    state.provenMs = nowMs;
    state.hasSentHello = true;
  };
  const dead = (nowMs: number): string[] => table.changes(nowMs).dead.map(({ node }) => node);
  return { table, hello, dead };
}

describe('a node', () => {
  test('lives while it has a session, heard or not', () => {
    const { dead } = world();
    expect(dead(1_000_000)).toEqual([]);
  });

  test('is dead three seconds after its last hello once its session is gone', () => {
    const { table, hello, dead } = world();
    hello('n2', 5000);
    table.ended('n2', 6000);
    expect(dead(7999)).toEqual([]);
    expect(dead(8000)).toEqual(['n2']);
    expect(dead(9000)).toEqual([]);
  });

  test('whose session etcd has ended wrongly lives, since it sends hello and has a new one', () => {
    const { table, hello, dead } = world();
    table.ended('n2', 6000);
    for (let nowMs = 6000; nowMs < 9000; nowMs += 1000) {
      hello('n2', nowMs);
      expect(dead(nowMs + 900)).toEqual([]);
    }
    table.opened('n2', info, 9000);
    expect(dead(60_000)).toEqual([]);
  });

  test('that sends hello without a session is dead after the time of a session', () => {
    const { table, hello, dead } = world();
    table.ended('n2', 6000);
    hello('n2', 15_900);
    expect(dead(15_999)).toEqual([]);
    hello('n2', 16_000);
    expect(dead(16_000)).toEqual(['n2']);
  });

  test('that sends goodbye is dead once its session is gone', () => {
    const { table, hello, dead } = world();
    hello('n2', 5000);
    table.left('n2', 5001);
    expect(dead(5001)).toEqual([]);
    table.ended('n2', 5002);
    expect(dead(5002)).toEqual(['n2']);
  });

  test('that opens a session again is back', () => {
    const { table, dead } = world();
    table.ended('n2', 6000);
    expect(dead(20_000)).toEqual(['n2']);
    table.opened('n2', info, 21_000);
    expect(table.changes(21_000).back.map(({ node }) => node)).toEqual(['n2']);
  });

  test('is never dead to itself', () => {
    const { table, dead } = world();
    table.ended('n1', 0);
    expect(dead(1_000_000)).toEqual([]);
  });
});

test('each dead node has one executor, the same at all nodes', () => {
  const executors = ['n1', 'n2', 'n3', 'n4'].map((me) => {
    const table = new NodesTable(me, 10);
    for (const node of ['n1', 'n2', 'n3', 'n4', 'gone-1', 'gone-2']) table.opened(node, info, 0);
    for (const node of ['gone-1', 'gone-2']) table.ended(node, 0);
    table.changes(60_000);
    return [...table.executedBy(me)];
  });
  expect(executors.flat().sort()).toEqual(['gone-1', 'gone-2']);
});

test('an owner without a hello for two seconds is not proven', () => {
  const { table, hello } = world();
  hello('n2', 5000);
  const state = table.known('n2', 5000);
  expect(table.isUnproven(state, 7000)).toBe(false);
  expect(table.isUnproven(state, 7001)).toBe(true);
});
