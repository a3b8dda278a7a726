// Commands of every front: who may give them, when they are taken, when they settle, and what is counted and logged.

import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { Commands, type CommandsDeps } from '../../src/control/commands.ts';
import { LocalCommitter } from '../../src/control/committer.ts';
import { DecisionLog } from '../../src/control/decision-log.ts';
import { Quotas } from '../../src/control/quotas.ts';
import { RefusedCalls } from '../../src/control/refused-calls.ts';
import type { Actor } from '../../src/model/change.ts';
import type { Command } from '../../src/model/command.ts';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import {
  GrantedPrincipal,
  type Principal,
  type Right,
  unauthenticated,
  unrestricted,
} from '../../src/model/principal.ts';
import { FakeCounters, type Json } from '../kit/http/http-world.ts';
import { defaults, Harness, keyOf } from '../kit/registry/harness.ts';

const anonymous = unrestricted('anonymous');
const actor: Actor = { kind: 'token', principal: 'ci', front: 'consul', address: '192.0.2.7', reason: 'deploy' };

function registerCommand(place = 'orders.prod/a1', fields: Json = {}) {
  const registration = parseRegistration({ addrs: ['http://10.0.0.1:80'], ...fields }, defaults) as Registration;
  return { kind: 'register' as const, key: keyOf(place), registration };
}

function world(overrides: Partial<CommandsDeps> = {}) {
  const harness = new Harness({ instancesMax: 3 });
  const { registry, clock } = harness;
  const counters = new FakeCounters();
  const lines: Json[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line) as Json) });
  const state = { isRecovered: true, trouble: undefined as string | undefined };
  const refusedCalls = new RefusedCalls(logger, () => clock.wallMs());
  const commands = new Commands({
    registry,
    committer: new LocalCommitter(registry),
    clock,
    log: new DecisionLog(logger, counters),
    availability: { isRecovered: () => state.isRecovered, storeTrouble: () => state.trouble },
    durable: async () => {},
    visible: () => undefined,
    quotas: new Quotas((key) => registry.find(key)),
    refusedCalls,
    ...overrides,
  });
  const submit = (command: Command, principal: Principal = anonymous) => commands.submit(principal, actor, command);
  return { ...harness, registry, clock, counters, lines, state, commands, submit, refusedCalls };
}

/** May do these, there. */
function limited(rights: readonly Right[], place?: { env: string; appid?: string }): Principal {
  return new GrantedPrincipal('token', 'limited', [{ rights, env: place?.env, app: place?.appid }]);
}

describe('a caller', () => {
  const every: readonly Command[] = [
    registerCommand(),
    { kind: 'patch', key: keyOf('orders.prod/a1'), patch: { weight: 3 } },
    { kind: 'drain', key: keyOf('orders.prod/a1') },
    { kind: 'up', key: keyOf('orders.prod/a1') },
    { kind: 'cancel', key: keyOf('orders.prod/a1') },
    { kind: 'judge', key: keyOf('orders.prod/a1'), verdict: 'critical', reason: 'x' },
  ];

  test.each(every)('without rights cannot $kind, and nothing moves', async (command) => {
    const { submit, registry } = world();
    await submit(registerCommand());
    const { revision } = registry;
    expect(await submit(command, unauthenticated)).toMatchObject({ kind: 'forbidden' });
    expect(registry.revision).toBe(revision);
  });

  test('may register where it has the right, and nowhere else', async () => {
    const { submit } = world();
    const team = limited(['register'], { env: 'prod', appid: 'orders' });
    expect(await submit(registerCommand('orders.prod/a1'), team)).toMatchObject({ kind: 'created' });
    for (const place of ['pay.prod/a1', 'orders.dev/a1'])
      expect(await submit(registerCommand(place), team)).toMatchObject({ kind: 'forbidden', right: 'register' });
  });

  test('that may register drains its instance, but does not hold it or end what another holds', async () => {
    const { submit } = world();
    const key = keyOf('orders.prod/a1');
    const owner = limited(['register']);
    await submit(registerCommand(), owner);
    expect(await submit({ kind: 'drain', key }, owner)).toMatchObject({ kind: 'drained' });
    expect(await submit({ kind: 'drain', key, holdUntilMs: 'unbounded' }, owner)).toMatchObject({
      kind: 'forbidden',
      right: 'operate',
    });
    expect(await submit({ kind: 'up', key }, owner)).toMatchObject({ kind: 'forbidden', right: 'operate' });
  });
});

describe('before the registry is recovered', () => {
  test('commands of callers are not taken; those of service files and checks are', async () => {
    const { submit, state, registry } = world();
    state.isRecovered = false;
    expect(await submit(registerCommand())).toEqual({ kind: 'not-ready' });
    expect(registry.instanceCount).toBe(0);
    expect(await submit(registerCommand(), unrestricted('file', 'a.yaml'))).toMatchObject({ kind: 'created' });
  });
});

describe('while the store cannot write', () => {
  test('what would change something is refused and counted; what changes nothing goes on', async () => {
    const { submit, state, registry, counters } = world();
    const key = keyOf('orders.prod/a1');
    await submit(registerCommand());
    const { revision } = registry;
    state.trouble = 'disk full';
    const failing = { kind: 'store-failing', reason: 'disk full' };
    expect(await submit(registerCommand('orders.prod/a2'))).toEqual(failing);
    expect(await submit({ kind: 'cancel', key })).toEqual(failing);
    expect(registry.revision).toBe(revision);
    expect(counters.counts.get('refused:store')).toBe(2);
    expect(await submit(registerCommand())).toMatchObject({ kind: 'unchanged' });
    expect(await submit({ kind: 'cancel', key: keyOf('orders.prod/a9') })).toEqual({ kind: 'unknown' });
  });

  test('verdicts of checks still count: the next start would find them again', async () => {
    const { submit, state, registry } = world();
    const key = keyOf('orders.prod/a1');
    await submit(registerCommand('orders.prod/a1', { checks: [{ type: 'tcp' }] }));
    state.trouble = 'disk full';
    const judged = await submit(
      { kind: 'judge', key, verdict: 'passing', reason: 'tcp: connected' },
      unrestricted('system', 'checks'),
    );
    expect(judged).toMatchObject({ kind: 'judged' });
    expect(registry.find(key)?.instance.status).toBe('up');
  });
});

describe('an outcome', () => {
  test('settles when the change is on the disk and DNS shows it, in this order', async () => {
    const [disk, dns] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const steps: string[] = [];
    const { submit, registry } = world({
      durable: () => disk.promise,
      visible: () => {
        steps.push('asked DNS');
        return dns.promise;
      },
    });
    const outcome = submit(registerCommand()).then(({ kind }) => steps.push(kind));
    expect(registry.instanceCount).toBe(1);
    await Promise.resolve();
    steps.push('written');
    disk.resolve();
    await expect.poll(() => steps).toEqual(['written', 'asked DNS']);
    steps.push('shown');
    dns.resolve();
    await outcome;
    expect(steps).toEqual(['written', 'asked DNS', 'shown', 'created']);
  });

  test('that is not on the disk is reported, though the change took effect', async () => {
    const { submit, registry, lines } = world({ durable: () => Promise.reject(new Error('disk full')) });
    expect(await submit(registerCommand())).toEqual({ kind: 'not-durable' });
    expect(registry.instanceCount).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: 50 });
  });

  test('has the record as it was then, though others write while the disk is waited for', async () => {
    const disk = Promise.withResolvers<void>();
    const { submit, registry } = world({ durable: () => disk.promise });
    const outcome = submit(registerCommand());
    registry.patch(keyOf('orders.prod/a1'), { weight: 77 });
    disk.resolve();
    expect(await outcome).toMatchObject({ kind: 'created', stored: { revision: 101, instance: { weight: 10 } } });
  });

  test('of a precondition that does not hold is counted as such, and changes nothing', async () => {
    const { submit, registry, counters } = world();
    await submit(registerCommand());
    const key = keyOf('orders.prod/a1');
    const stale = { ifMatch: [7] };
    expect(await submit({ kind: 'cancel', key, precondition: stale })).toMatchObject({
      kind: 'precondition-failed',
      stored: { revision: 101 },
    });
    expect([registry.instanceCount, counters.counts.get('cancel:precondition')]).toEqual([1, 1]);
  });

  test('of a full registry is counted by its limit and logged as a warning', async () => {
    const { submit, counters, lines } = world();
    for (const id of ['a1', 'a2', 'a3']) await submit(registerCommand(`orders.prod/${id}`));
    expect(await submit(registerCommand('orders.prod/a4'))).toMatchObject({ kind: 'full', what: 'instances' });
    expect([counters.counts.get('refused:instances'), counters.counts.get('registration:full')]).toEqual([1, 1]);
    expect(lines.at(-1)).toMatchObject({ level: 40, decision: 'refused', instance: 'a4' });
  });
});

test('a decision is one line: what, where, by which token, from where and why', async () => {
  const { submit, lines, counters } = world();
  const key = keyOf('orders.prod/a1');
  await submit(registerCommand());
  await submit({ kind: 'drain', key });
  await submit({ kind: 'up', key });
  await submit({ kind: 'cancel', key });
  const common = { token: 'ci', remote: '192.0.2.7', reason: 'deploy', env: 'prod', appid: 'orders', instance: 'a1' };
  expect(lines).toMatchObject([
    { ...common, decision: 'registered', revision: 101 },
    { ...common, decision: 'drained', revision: 102 },
    { ...common, decision: 'resumed', revision: 103 },
    { ...common, decision: 'cancelled', revision: 104 },
  ]);
  expect(Object.fromEntries(counters.counts)).toEqual({
    'registration:created': 1,
    'drain:drained': 1,
    'drain:resumed': 1,
    'cancel:cancelled': 1,
  });
});

test('the origin of a change is the actor, for every front', async () => {
  const { submit, registry } = world();
  const origins: unknown[] = [];
  registry.onChange(({ origin }) => origins.push(origin));
  await submit(registerCommand());
  expect(origins).toEqual([actor]);
});
