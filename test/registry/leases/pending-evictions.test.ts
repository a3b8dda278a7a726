// Which are drawn: one of each app in turn, any of its own, each once, and none that has been taken out.

import { expect, test } from 'vitest';
import type { Instance } from '../../../src/model/instance.ts';
import { PendingEvictions } from '../../../src/registry/leases/pending-evictions.ts';
import { seeded } from '../guard/rules.ts';

const waiting = (appid: string, instance: string) => ({ instance: { env: 'prod', appid, instance } as Instance });
const nameOf = (one: { instance: Instance } | undefined) => one && `${one.instance.appid}/${one.instance.instance}`;

test('a large app does not crowd out a small one', () => {
  const room = new PendingEvictions<ReturnType<typeof waiting>>(seeded(5));
  for (let i = 0; i < 100; i++) room.add(waiting('large', String(i)));
  for (let i = 0; i < 3; i++) room.add(waiting('small', String(i)));
  const drawn = Array.from({ length: 10 }, () => room.draw()?.instance.appid);
  expect(drawn.filter((appid) => appid === 'small').length).toBe(3);
  expect(drawn.slice(0, 2).toSorted()).toEqual(['large', 'small']);
  expect(room.size).toBe(93);
});

test('chance decides within an app', () => {
  const firsts = new Set<string | undefined>();
  const random = seeded(9);
  for (let run = 0; run < 100; run++) {
    const room = new PendingEvictions<ReturnType<typeof waiting>>(random);
    for (let i = 0; i < 5; i++) room.add(waiting('a', String(i)));
    firsts.add(nameOf(room.draw()));
  }
  expect(firsts.size).toBe(5);
});

test('each is drawn once, those who left never', () => {
  const room = new PendingEvictions<ReturnType<typeof waiting>>(seeded(1));
  const all = Array.from({ length: 20 }, (_, i) => waiting(`app-${i % 4}`, String(i)));
  for (const one of all) room.add(one);
  const left = all.filter((_, i) => i % 4 === 1 || i > 15);
  for (const one of left) room.delete(one);
  room.delete(left[0] as (typeof all)[number]);
  const drawn: unknown[] = [];
  for (let one = room.draw(); one !== undefined; one = room.draw()) drawn.push(one);
  expect(new Set(drawn)).toEqual(new Set(all.filter((one) => !left.includes(one))));
  expect(drawn.length).toBe(new Set(drawn).size);
  room.add(all[0] as (typeof all)[number]);
  expect([room.size, nameOf(room.draw()), room.draw()]).toEqual([1, 'app-0/0', undefined]);
});
