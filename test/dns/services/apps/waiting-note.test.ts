// Why instances wait, in an answer's reason: who took them out, until when, and what their checks found.

import { expect, test } from 'vitest';
import { reasonOf } from '../../../kit/dns/reason.ts';
import { Harness } from '../../../kit/registry/harness.ts';

const app = 'held.prod.svc.';

function reason(harness: Harness): string | undefined {
  return reasonOf(harness.query(app, 'A', { edns: true }))?.text;
}

test('a drain is named with who asked for it, a hold with its end and its reason', () => {
  const harness = new Harness();
  for (const one of ['a', 'b']) harness.register(`held.prod/${one}`, { addrs: ['http://10.0.0.7:80'] });
  const actor = { kind: 'token', principal: 'ops', front: 'api', address: '192.0.2.1' } as const;
  const key = { env: 'prod', appid: 'held', instance: 'a' };
  const holdUntilMs = Date.UTC(2026, 0, 1, 2);
  harness.registry.perform({ kind: 'drain', key, holdUntilMs }, { ...actor, reason: 'disk\u00fc \u001b' });
  expect(reason(harness)).toBe(undefined);
  harness.registry.drain({ ...key, instance: 'b' });
  expect(reason(harness)).toBe(
    '2 instances, all waiting; 2 are drained: a (by ops, held until 2026-01-01T02:00:00Z: disk? ?)',
  );
  harness.registry.perform({ kind: 'up', key }, actor);
  expect(reason(harness)).toBe(undefined);
});

test.each([3, 300])('of %i instances one is quoted', (size) => {
  const harness = new Harness();
  for (let i = 0; i < size; i++)
    harness.register(`held.prod/i${i}`, { addrs: [`http://10.0.${i >> 8}.${i & 255}:80`] });
  for (let i = 0; i < size; i++) harness.registry.drain({ env: 'prod', appid: 'held', instance: `i${i}` });
  const text = reason(harness) ?? '';
  expect(text).toContain(`${size} are drained: i`);
  expect(text.match(/\(by /g)).toHaveLength(1);
});
