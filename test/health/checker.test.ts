// The timing of checks, with time moved by hand and answers given by the test.

import { expect, test } from 'vitest';
import { Checker } from '../../src/health/checker.ts';
import type { ProbeResult } from '../../src/health/probes/result.ts';
import type { Change } from '../../src/model/change.ts';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import { FakeClock } from '../kit/process/clock.ts';
import { CommandedRegistry } from '../kit/registry/commanded-registry.ts';

const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const passed: ProbeResult = { kind: 'passed', detail: 'connected' };
const failed: ProbeResult = { kind: 'failed', detail: 'refused' };

function world({ runningMax = 10 } = {}) {
  const clock = new FakeClock();
  const registry = new CommandedRegistry({
    clock,
    origin: 'svc.',
    defaults,
    instancesMax: 1000,
    instancesPerAppMax: 1000,
    initialRevision: 0,
  });
  const open: { readonly port: number; readonly answer: (result: ProbeResult) => Promise<void> }[] = [];
  const checker = new Checker({
    clock,
    random: () => 0.5,
    runningMax,
    judge: (key, judgement) => void registry.judge(key, judgement),
    probe: (_check, [addr]) =>
      new Promise((resolve) => {
        open.push({
          port: addr?.port ?? 0,
          answer: async (result) => {
            open.splice(
              open.findIndex((one) => one.port === addr?.port),
              1,
            );
            resolve(result);
            await new Promise((settled) => setImmediate(settled));
          },
        });
      }),
  });
  registry.onChange((change) => checker.changed(change));
  const register = (instance: string, port: number, fields: Record<string, unknown> = {}) => {
    const body = { addrs: [`http://10.0.0.7:${port}`], checks: [{ type: 'tcp', failures: 2 }], ...fields };
    const registration = parseRegistration(body, defaults) as Registration;
    registry.register({ env: 'prod', appid: 'orders', instance }, registration);
  };
  const status = (instance: string) => registry.find({ env: 'prod', appid: 'orders', instance })?.instance.status;
  const pass = (ms: number): void => {
    clock.advance(ms);
    checker.run();
  };
  return { clock, registry, checker, open, register, status, pass };
}

test('the first check comes within a second, the next ones an interval apart', async () => {
  const { checker, open, register, status, pass } = world();
  checker.start();
  register('one', 1);
  expect(open.length).toBe(0);
  pass(500);
  expect(open.length).toBe(1);
  await open[0]?.answer(passed);
  expect(status('one')).toBe('up');
  pass(9999);
  expect(open.length).toBe(0);
  pass(1);
  expect(open.length).toBe(1);
  await open[0]?.answer(failed);
  expect(status('one')).toBe('up');
  pass(10_000);
  await open[0]?.answer(failed);
  expect(status('one')).toBe('waiting');
  checker.close();
});

test('a check that is under way is not begun again, however long it takes', async () => {
  const { checker, open, register, pass } = world();
  checker.start();
  register('one', 1);
  pass(60_000);
  pass(60_000);
  expect(open.length).toBe(1);
  checker.close();
});

test('so many at a time and no more; who waits is served in turn, and it is counted', async () => {
  const { checker, open, register, pass } = world({ runningMax: 4 });
  checker.start();
  for (let port = 1; port <= 5; port++) register(`i${port}`, port);
  pass(500);
  expect(open.map(({ port }) => port).length).toBe(2);
  expect(checker.running).toBe(2);
  pass(2000);
  expect(open.length).toBe(2);
  const seen = new Set<number>();
  while (seen.size < 5) {
    const [first] = open;
    if (first === undefined) throw new Error(`only ${[...seen].join()} were checked`);
    seen.add(first.port);
    await first.answer(passed);
    expect(open.length).toBeLessThanOrEqual(2);
  }
  expect(checker.delayed).toBe(3);
  expect([...checker.results()]).toEqual([{ type: 'tcp', result: 'passed', count: 5 }]);
  checker.close();
});

test('an app that does not answer does not delay the checks of another', async () => {
  const { checker, open, register, registry, pass, status } = world({ runningMax: 20 });
  checker.start();
  const slow = Array.from({ length: 8 }, (_, i) => ({
    type: 'tcp',
    port: `p${i}`,
    intervalSeconds: 60,
    timeoutSeconds: 60,
  }));
  for (let i = 0; i < 20; i++) {
    const addrs = Array.from({ length: 8 }, (_, port) => `p${port}://10.0.0.9:${1000 + 10 * i + port}`);
    const body = parseRegistration({ addrs, checks: slow }, defaults) as Registration;
    registry.register({ env: 'prod', appid: 'hostile', instance: `h${i}` }, body);
  }
  pass(1000);
  expect(open.length).toBe(10);
  register('one', 1);
  pass(500);
  const victim = open.find(({ port }) => port === 1);
  await victim?.answer(passed);
  expect(status('one')).toBe('up');
  pass(10_000);
  await open.find(({ port }) => port === 1)?.answer(failed);
  pass(10_000);
  await open.find(({ port }) => port === 1)?.answer(failed);
  expect(status('one')).toBe('waiting');
  expect(checker.running).toBe(10);
  checker.close();
});

test('an answer about what is not so any more counts for nothing', async () => {
  const { checker, open, register, registry, status, pass } = world();
  checker.start();
  register('one', 1);
  pass(500);
  register('one', 2);
  await open[0]?.answer(passed);
  expect(status('one')).toBe('waiting');
  pass(500);
  expect(open.map(({ port }) => port)).toEqual([2]);
  registry.cancel({ env: 'prod', appid: 'orders', instance: 'one' });
  expect(checker.instances).toBe(0);
  await open[0]?.answer(passed);
  pass(100_000);
  expect(open).toEqual([]);
  checker.close();
});

test('a change of something else leaves the count as it is', async () => {
  const { checker, open, register, status, pass } = world();
  checker.start();
  register('one', 1);
  pass(500);
  await open[0]?.answer(passed);
  pass(10_000);
  await open[0]?.answer(failed);
  register('one', 1, { version: '2' });
  pass(10_000);
  await open[0]?.answer(failed);
  expect(status('one')).toBe('waiting');
  checker.close();
});

test('restored instances are what they were until their first check, and nothing is asked before the start', async () => {
  const { checker, registry, open, pass, status } = world();
  const registration = parseRegistration({ addrs: ['http://10.0.0.7:1'], checks: [{ type: 'tcp' }] }, defaults);
  const change = registry.recover({
    key: { env: 'prod', appid: 'orders', instance: 'one' },
    label: 'one',
    registration: registration as Registration,
    times: { registeredAtMs: 1, upAtMs: 1, renewedAtMs: 1, updatedAtMs: 1, dirtyAtMs: 1 },
    revision: 1,
    supervision: { health: { verdict: 'passing', reason: '', file: undefined } },
  }) as Change;
  checker.changed(change);
  pass(5000);
  expect(open.length).toBe(0);
  checker.start();
  expect(open.length).toBe(1);
  expect(status('one')).toBe('up');
  await open[0]?.answer(failed);
  expect(status('one')).toBe('waiting');
  checker.close();
});
