// The registration of a program under `rollcall run`: what is printed and when, and that nothing untrue is printed.

import { expect, test } from 'vitest';
import { Registrar } from '../../../src/cli/run/registrar.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { type Answer, type Asked, FakeScheduler, fakeFetch, problem } from '../../kit/client/client-scheduler.ts';
import { orders, PlayedRegistry } from '../../kit/client/membership-world.ts';

const calm = new AbortController().signal;
const successor = ['http://10.0.0.8:8080'];

function worldOf(script: (asked: Asked) => Answer | undefined = () => undefined) {
  const scheduler = new FakeScheduler();
  const registry = new PlayedRegistry();
  const { fetch, asked } = fakeFetch((one) => script(one) ?? registry.answer(one));
  const link = new RegistryLink({ addresses: ['http://r1'], fetch, scheduler, requestTimeoutMs: 5000 });
  const printed: string[] = [];
  const log = (kind: string, text: string): void => void printed.push(`${kind}: ${text}`);
  const registrar = new Registrar({ link, scheduler, random: () => 0.5, log }, orders);
  const outcomeOf = async <T>(promise: Promise<T>, passMs: number): Promise<T> => {
    const [outcome] = await Promise.all([promise, scheduler.pass(passMs)]);
    return outcome;
  };
  return { scheduler, registry, asked, printed, registrar, outcomeOf };
}

test('prints the name it is found by, that it is out of DNS once it is, and that it is gone', async () => {
  const { scheduler, registrar, printed, outcomeOf } = worldOf();
  registrar.start();
  await scheduler.pass(0);
  expect(await outcomeOf(registrar.drain(30_000, 'SIGTERM', calm), 1000)).toMatchObject({ safe: true });
  await outcomeOf(registrar.cancel('it exited'), 0);
  expect(printed.map((line) => line.slice(0, 18).trim())).toEqual([
    'notice: registered',
    'notice: out of DNS',
    'step: out of the r',
  ]);
});

test('never prints that it is out of DNS while no registry has confirmed it', async () => {
  const { scheduler, registrar, printed, outcomeOf } = worldOf(({ method }) =>
    method === 'POST' ? 'refused' : undefined,
  );
  registrar.start();
  await scheduler.pass(0);
  expect(await outcomeOf(registrar.drain(6000, 'SIGTERM', calm), 6000)).toMatchObject({ safe: false });
  expect(printed.filter((line) => line.includes('out of DNS'))).toEqual([]);
  await outcomeOf(registrar.cancel('x'), 0);
});

test('a registry that is down is reported once, and so is its return', async () => {
  let isDown = true;
  const { scheduler, registrar, printed, outcomeOf } = worldOf(() => (isDown ? 'refused' : undefined));
  registrar.start();
  await scheduler.pass(20_000);
  isDown = false;
  await scheduler.pass(20_000);
  expect(printed.map((line) => line.split(':')[0])).toEqual(['warn', 'warn', 'notice']);
  expect(printed[0]).toContain('cannot register');
  await outcomeOf(registrar.cancel('x'), 0);
});

test('the loss of its name is reported, and the successor is left alone', async () => {
  const { scheduler, registry, registrar, printed, outcomeOf } = worldOf();
  registrar.start();
  await scheduler.pass(0);
  registry.change({ addrs: successor });
  await scheduler.pass(27_001);
  expect(printed.filter((line) => line.startsWith('warn: another registration has taken this name'))).toHaveLength(1);
  await outcomeOf(registrar.drain(30_000, 'x', calm), 6000);
  await outcomeOf(registrar.cancel('x'), 0);
  expect(registry.instance).toEqual({ addrs: successor, status: 'up' });
});

test('a drain is interrupted at once; one of no seconds still takes it out of the answers', async () => {
  const { scheduler, registry, registrar, outcomeOf } = worldOf(({ url }) =>
    url.includes('wait=') ? 'silence' : undefined,
  );
  registry.drainsUntilSafe = 99;
  registrar.start();
  await scheduler.pass(0);
  const controller = new AbortController();
  const drained = registrar.drain(30_000, 'x', controller.signal);
  await scheduler.pass(100);
  controller.abort();
  expect(await outcomeOf(drained, 0)).toBe('interrupted');
  registry.change({ status: 'up' });
  expect(await outcomeOf(registrar.drain(0, 'x', calm), 1000)).toMatchObject({ safe: false });
  expect(registry.instance).toMatchObject({ status: 'waiting' });
  await outcomeOf(registrar.cancel('x'), 0);
});

test('a registration that is refused, and a cancellation that fails, are reported with the reason', async () => {
  const refused = worldOf(() => problem(400, 'invalid-request', 'Cannot register: no.'));
  refused.registrar.start();
  await refused.scheduler.pass(0);
  expect(refused.printed).toEqual(['warn: not registered: Cannot register: no.']);
  const failing = worldOf(({ method }) =>
    method === 'DELETE' ? problem(403, 'unauthorized', 'No right.') : undefined,
  );
  failing.registrar.start();
  await failing.scheduler.pass(0);
  await failing.outcomeOf(failing.registrar.cancel('x'), 0);
  expect(failing.printed.at(-1)).toBe('warn: cannot cancel the registration, it ends with its lease: No right.');
});

test('what was not started is neither drained nor cancelled', async () => {
  const { registrar, asked, outcomeOf } = worldOf();
  expect(await outcomeOf(registrar.drain(1000, 'x', calm), 0)).toMatchObject({ safe: true });
  await registrar.cancel('x');
  expect(asked).toEqual([]);
});
