// A channel keeps of a storm only what its watchers have to hear.

import { expect, test } from 'vitest';
import { Channel, type Subscription } from '../../../src/http/watch/channel.ts';
import { watchQuery } from '../../../src/http/watch/watch-query.ts';
import { Harness } from '../../kit/registry/harness.ts';

test('a change that its filter does not select, before or after, is neither kept nor wakes it', () => {
  const harness = new Harness();
  const woken: Channel[] = [];
  const sent: string[] = [];
  const channel = new Channel(watchQuery([], [], { version: '2' }), {
    textOf: (change, bearing) => `${(change.after ?? change.before).instance} ${bearing};`,
    idOf: String,
    wake: (one) => woken.push(one),
  });
  harness.registry.onChange((change) => channel.changed(change));
  const member: Subscription = {
    position: harness.registry.revision,
    send: (chunk) => sent.push(chunk.toString()),
    fallBehind: () => expect.fail('everything was sent'),
  };
  channel.join(member);
  for (let i = 0; i < 20; i++) harness.register(`orders.prod/a${i}`, { version: '1' });
  expect([channel.isIdle, woken.length]).toEqual([true, 0]);
  harness.patch('orders.prod/a3', { version: '2' });
  harness.patch('orders.prod/a4', { version: '3' });
  harness.patch('orders.prod/a3', { version: '1' });
  expect([channel.isIdle, woken.length]).toEqual([false, 1]);
  while (channel.step());
  expect(sent.join('').replaceAll(/id: \d+\n/g, '')).toBe('a3 matches;a3 left;');
});
