// Which file has which instance, whatever the order in which files are written, renamed and deleted.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NamedServices } from '../../../src/health/files/named-services.ts';
import { parseServiceFile, type Service } from '../../../src/health/files/service-file.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { FakeClock } from '../../kit/clock.ts';
import { submitter } from '../../kit/performer.ts';

const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const nobody: ReadonlySet<string> = new Set();

function services(...instances: readonly string[]): readonly Service[] {
  const file = parseServiceFile(
    instances
      .map((one) => `- {env: prod, appid: a, instance: ${one}, addrs: ["x://10.0.0.1:1"], checks: [{type: tcp}]}\n`)
      .join(''),
    defaults,
  );
  if ('faults' in file) throw new Error(file.faults.join());
  return file.services;
}

function world() {
  const clock = new FakeClock();
  const registry = new Registry({
    clock,
    origin: 'svc.',
    defaults,
    instancesMax: 1000,
    instancesPerAppMax: 1000,
    initialRevision: 0,
  });
  const told: string[] = [];
  registry.onChange(({ kind, after, before }) => {
    const instance = after ?? before;
    told.push(`${kind} ${instance.instance} of ${instance.health?.file}`);
  });
  const named = new NamedServices({
    submit: submitter(registry, clock),
    view: registry,
    pathOf: (file) => `services.d/${file}`,
    restoredFrom: () => [],
    nextTurn: () => nextTurn(),
    onTaken: (file, { instance }) => void told.push(`taken ${instance} by ${file}`),
  });
  const key = { env: 'prod', appid: 'a', instance: 'one' };
  return { registry, named, told, key };
}

test('a file that is renamed hands its instances over: nobody leaves, and what the checks said stays', async () => {
  const { registry, named, told, key } = world();
  expect(await named.say('old.yaml', services('one'), nobody)).toEqual([]);
  registry.judge(key, { verdict: 'passing', reason: 'tcp: connected' });
  expect(await named.say('new.yaml', services('one'), new Set(['old.yaml']))).toEqual([]);
  await named.withdraw('old.yaml');
  expect(registry.find(key)?.instance).toMatchObject({ status: 'up', health: { file: 'new.yaml' } });
  expect(told.filter((text) => text.startsWith('cancelled'))).toEqual([]);
});

test('what two files name is the first one’s, and the second one’s as soon as the first lets go', async () => {
  const { registry, named, told, key } = world();
  await named.say('a.yaml', services('one', 'two'), nobody);
  expect(await named.say('b.yaml', services('one', 'three'), nobody)).toEqual(['1:3: prod/a/one is in a.yaml already']);
  told.length = 0;
  await named.say('a.yaml', services('two'), nobody);
  expect(told).toContain('taken one by b.yaml');
  expect(registry.find(key)?.instance.health?.file).toBe('b.yaml');
  await named.withdraw('b.yaml');
  expect(registry.find(key)).toBeUndefined();
});

test('moved from a later file to an earlier one, the earlier one being read first', async () => {
  const { registry, named, key } = world();
  await named.say('b.yaml', services('one'), nobody);
  await named.say('a.yaml', services('one'), nobody);
  await named.say('b.yaml', [], nobody);
  expect(registry.find(key)?.instance.health?.file).toBe('a.yaml');
});

test('named twice in one file is a fault of the file, and waits for nobody', async () => {
  const { named, told } = world();
  expect(await named.say('a.yaml', services('one', 'one'), nobody)).toEqual([
    '2:3: prod/a/one is in this file already',
  ]);
  await named.withdraw('a.yaml');
  expect(told).toEqual(['registered one of a.yaml', 'cancelled one of a.yaml']);
});

test('between many registrations others have their turn', async () => {
  const { named, registry, key } = world();
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  await named.say('a.yaml', services(...Array.from({ length: 900 }, (_, index) => `i${index}`)), nobody);
  clearInterval(counting);
  expect(registry.find({ ...key, instance: 'i899' })).toBeDefined();
  expect(turns).toBeGreaterThan(1);
});
