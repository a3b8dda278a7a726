// Which file has which instance, for any order in which files are written, renamed and deleted.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type FileEntries, NamedServices } from '../../../src/health/files/named-services.ts';
import { parseServiceFile, type Service } from '../../../src/health/files/service-file.ts';
import { FakeClock } from '../../kit/process/clock.ts';
import { CommandedRegistry } from '../../kit/registry/commanded-registry.ts';
import { submitter } from '../../kit/registry/performer.ts';

const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const noNames: ReadonlySet<string> = new Set();

function services(...instances: readonly string[]): readonly Service[] {
  return weighted(10, ...instances);
}

function weighted(weight: number, ...instances: readonly string[]): readonly Service[] {
  const fields = `weight: ${weight}, addrs: ["x://10.0.0.1:1"], checks: [{type: tcp}]`;
  const file = parseServiceFile(
    instances.map((one) => `- {env: prod, appid: a, instance: ${one}, ${fields}}\n`).join(''),
    defaults,
  );
  if ('faults' in file) throw new Error(file.faults.join());
  return file.services;
}

function world() {
  const clock = new FakeClock();
  const registry = new CommandedRegistry({
    clock,
    origin: 'svc.',
    defaults,
    instancesMax: 1000,
    instancesPerAppMax: 1000,
    initialRevision: 0,
  });
  const changes: string[] = [];
  const remembered = new Map<string, FileEntries>();
  registry.onChange(({ kind, after, before }) => {
    const instance = after ?? before;
    changes.push(`${kind} ${instance.instance} of ${instance.health?.file}`);
  });
  const named = new NamedServices({
    submit: submitter(registry, clock),
    view: registry,
    pathOf: (file) => `services.d/${file}`,
    restoredFrom: () => [],
    nextTurn: () => nextTurn(),
    remember: (file, services) => void remembered.set(file, services),
    onLeft: () => {},
    onTaken: (file, { instance }) => void changes.push(`taken ${instance} by ${file}`),
  });
  const key = { env: 'prod', appid: 'a', instance: 'one' };
  return { registry, clock, named, changes, key, remembered };
}

test('a renamed file hands its instances over: none is cancelled, and the results of the checks stay', async () => {
  const { registry, named, changes, key } = world();
  expect(await named.apply('old.yaml', services('one'), noNames)).toEqual([]);
  registry.judge(key, { verdict: 'passing', reason: 'tcp: connected' });
  expect(await named.apply('new.yaml', services('one'), new Set(['old.yaml']))).toEqual([]);
  await named.withdraw('old.yaml');
  expect(registry.find(key)?.instance).toMatchObject({ status: 'up', health: { file: 'new.yaml' } });
  expect(changes.filter((text) => text.startsWith('cancelled'))).toEqual([]);
});

test('what two files name is the first one’s, and the second one’s as soon as the first lets go', async () => {
  const { registry, named, changes, key } = world();
  await named.apply('a.yaml', services('one', 'two'), noNames);
  expect(await named.apply('b.yaml', services('one', 'three'), noNames)).toEqual([
    '1:3: prod/a/one is in a.yaml already',
  ]);
  changes.length = 0;
  await named.apply('a.yaml', services('two'), noNames);
  expect(changes).toContain('taken one by b.yaml');
  expect(registry.find(key)?.instance.health?.file).toBe('b.yaml');
  await named.withdraw('b.yaml');
  expect(registry.find(key)).toBeUndefined();
});

test('moved from a later file to an earlier one, the earlier one being read first', async () => {
  const { registry, named, key } = world();
  await named.apply('b.yaml', services('one'), noNames);
  await named.apply('a.yaml', services('one'), noNames);
  await named.apply('b.yaml', [], noNames);
  expect(registry.find(key)?.instance.health?.file).toBe('a.yaml');
});

test('named twice in one file is a fault of the file, at once', async () => {
  const { named, changes } = world();
  expect(await named.apply('a.yaml', services('one', 'one'), noNames)).toEqual([
    '2:3: prod/a/one is in this file already',
  ]);
  await named.withdraw('a.yaml');
  expect(changes).toEqual(['registered one of a.yaml', 'cancelled one of a.yaml']);
});

test('between many registrations others have their turn', async () => {
  const { named, registry, key } = world();
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  await named.apply('a.yaml', services(...Array.from({ length: 900 }, (_, index) => `i${index}`)), noNames);
  clearInterval(counting);
  expect(registry.find({ ...key, instance: 'i899' })).toBeDefined();
  expect(turns).toBeGreaterThan(1);
});

describe('an instance that an operator has changed since', () => {
  /** The files' services of this run in the next one, over the same registry. */
  function nextLife({ registry, clock, remembered }: ReturnType<typeof world>, ...alsoFrom: readonly string[]) {
    const named = new NamedServices({
      submit: submitter(registry, clock),
      view: registry,
      pathOf: (file) => `services.d/${file}`,
      restoredFrom: (file) =>
        [...registry.apps()]
          .flatMap((app) => [...app.instances()])
          .map(({ instance }) => instance)
          .filter(({ health }) => health?.file === file),
      nextTurn: () => nextTurn(),
      remember: () => {},
      onLeft: () => {},
      onTaken: () => {},
    });
    named.recall(new Map([...remembered].filter(([file]) => alsoFrom.length === 0 || alsoFrom.includes(file))));
    return named;
  }

  async function drained() {
    const one = world();
    await one.named.apply('a.yaml', services('one'), noNames);
    one.registry.judge(one.key, { verdict: 'passing', reason: 'connected' });
    one.registry.patch(one.key, { status: 'waiting', tags: ['by-hand'] });
    one.changes.length = 0;
    const state = () => one.registry.find(one.key)?.instance;
    const isKept = () => state()?.status === 'waiting' && state()?.tags[0] === 'by-hand';
    return { ...one, state, isKept };
  }

  test('stays so when the file is written again, and when it names another service', async () => {
    const { named, isKept, changes } = await drained();
    expect(await named.apply('a.yaml', services('one'), noNames)).toEqual([]);
    expect([isKept(), changes]).toEqual([true, []]);
    await named.apply('a.yaml', services('two', 'one'), noNames);
    expect([isKept(), changes]).toEqual([true, ['registered two of a.yaml']]);
  });

  test('stays so over a restart, and over one without any record of the services of files', async () => {
    const one = await drained();
    await nextLife(one).apply('a.yaml', services('one', 'two'), noNames);
    expect(one.isKept()).toBe(true);
    one.remembered.clear();
    await nextLife(one).apply('a.yaml', services('one'), noNames);
    // Its tags differ from what is written, and it cannot be known whether the file was changed meanwhile.
    expect(one.state()?.tags).toEqual([]);
  });

  test('without a record, a drain alone is kept', async () => {
    const one = world();
    await one.named.apply('a.yaml', services('one'), noNames);
    one.registry.judge(one.key, { verdict: 'passing', reason: 'connected' });
    one.registry.patch(one.key, { status: 'waiting' });
    one.remembered.clear();
    await nextLife(one).apply('a.yaml', services('one'), noNames);
    expect(one.registry.find(one.key)?.instance.status).toBe('waiting');
  });

  test('stays so when the file is renamed, while running and while not', async () => {
    const one = await drained();
    await one.named.apply('b.yaml', services('one'), new Set(['a.yaml']));
    await one.named.withdraw('a.yaml');
    expect([one.isKept(), one.state()?.health?.file]).toEqual([true, 'b.yaml']);
    await nextLife(one).apply('c.yaml', services('one'), noNames);
    expect([one.isKept(), one.state()?.health?.file]).toEqual([true, 'c.yaml']);
  });

  test('a drain stays when the file is renamed, and what was cancelled stays away', async () => {
    const one = world();
    await one.named.apply('a.yaml', services('one', 'two'), noNames);
    const two = { ...one.key, instance: 'two' };
    for (const key of [one.key, two]) one.registry.judge(key, { verdict: 'passing', reason: 'connected' });
    one.registry.drain(one.key);
    one.registry.cancel(two);
    const found = () => [one.registry.find(one.key)?.instance.status, one.registry.find(two)];
    await one.named.apply('b.yaml', services('one', 'two'), new Set(['a.yaml']));
    await one.named.withdraw('a.yaml');
    expect(found()).toEqual(['waiting', undefined]);
    const later = nextLife(one);
    await later.apply('c.yaml', services('one', 'two'), noNames);
    await later.withdraw('b.yaml');
    expect(found()).toEqual(['waiting', undefined]);
    await later.apply('c.yaml', weighted(20, 'one', 'two'), noNames);
    expect(one.registry.find(one.key)?.instance).toMatchObject({ status: 'up', weight: 20 });
    expect(one.registry.find(two)?.instance.weight).toBe(20);
  });

  test('is as in the file as soon as the file changes it', async () => {
    const { named, state } = await drained();
    await named.apply('a.yaml', weighted(20, 'one'), noNames);
    expect(state()).toMatchObject({ weight: 20, tags: [], status: 'up' });
  });

  test('and cancelled stays away until the file changes it, or names it anew', async () => {
    const one = await drained();
    one.registry.cancel(one.key);
    await one.named.apply('a.yaml', services('one', 'two'), noNames);
    await nextLife(one).apply('a.yaml', services('one', 'two'), noNames);
    expect(one.state()).toBeUndefined();
    await one.named.apply('a.yaml', services('two'), noNames);
    await one.named.apply('a.yaml', services('one', 'two'), noNames);
    expect(one.state()).toBeDefined();
    one.registry.cancel(one.key);
    await one.named.apply('a.yaml', weighted(7, 'one'), noNames);
    expect(one.state()?.weight).toBe(7);
  });
});

test('services of a file are remembered as far as they were applied, and not written again where nothing has changed', async () => {
  const { named, remembered } = world();
  await named.apply('a.yaml', services('one'), noNames);
  await named.apply('b.yaml', services('one', 'two'), noNames);
  expect([...remembered].map(([file, services]) => `${file} ${services.size}`)).toEqual(['a.yaml 1', 'b.yaml 1']);
  remembered.clear();
  await named.apply('a.yaml', services('one'), noNames);
  expect(remembered.size).toBe(0);
  await named.withdraw('a.yaml');
  expect([...remembered].map(([file, services]) => `${file} ${services.size}`)).toEqual(['a.yaml 0', 'b.yaml 2']);
});
