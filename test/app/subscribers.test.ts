// The table of subscribers: their order, and which of them get recovered instances.

import { expect, test } from 'vitest';
import { recoveredBy, subscribers } from '../../src/app/subscribers.ts';
import type { Change } from '../../src/model/change.ts';

const change = {} as Change;

function recording() {
  const calls: string[] = [];
  const note = (name: string) => () => void calls.push(name);
  const table = subscribers({
    persistence: { changed: note('persistence') },
    changeLog: { append: note('change log') },
    plane: { apply: note('dns') },
    leaseTimer: { arm: note('lease timer') },
    longPolls: { notify: note('long polls') },
    pushes: { notify: note('pushes') },
    watchers: { changed: note('watchers') },
    quotas: { changed: note('quotas') },
    metrics: { changed: note('metrics') },
    health: { changed: note('health') },
    evictionLog: note('eviction log'),
    consulNodes: { changed: note('consul nodes') },
    mirror: note('mirror'),
  });
  return { calls, table };
}

test('a live change is kept before DNS shows it, and DNS shows it before any caller is woken', () => {
  const { calls, table } = recording();
  for (const { live } of table) live(change);
  expect(calls).toEqual(table.map(({ name }) => name));
  const order = (name: string) => calls.indexOf(name);
  expect(order('persistence')).toBeLessThan(order('dns'));
  expect(order('change log')).toBeLessThan(order('watchers'));
  expect(order('consul nodes')).toBeLessThan(order('long polls'));
  expect(order('dns')).toBeLessThan(order('long polls'));
  expect(order('dns')).toBeLessThan(order('pushes'));
  expect(order('dns')).toBeLessThan(order('watchers'));
});

test('a recovered instance goes to those that keep an index of instances, and to no other', () => {
  const { calls, table } = recording();
  recoveredBy(table)(change);
  expect(calls).toEqual(['dns', 'consul nodes', 'quotas', 'metrics', 'health']);
});
