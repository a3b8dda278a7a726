// Export and import: what comes out goes in again, twice is once, newer things stay, and what is left out is named.

import { expect, test } from 'vitest';
import { parseRegistration, type Registration } from '../../../src/model/instance.ts';
import type { Reply, World } from '../../kit/http/http-world.ts';
import { createWorld, type Json } from '../../kit/http/http-world.ts';

function linesIn(reply: Reply): Json[] {
  return reply.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
}

async function exported(world: World): Promise<Json[]> {
  const reply = await world.call('GET', '/export');
  expect([reply.statusCode, reply.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
  return linesIn(reply);
}

/** Of the first instance. */
async function registrationAt(world: World): Promise<Registration> {
  const [line] = entriesOf(await exported(world));
  const registration = parseRegistration(line?.['registration'], { leaseSeconds: 90, dnsTtl: 5 });
  if (Array.isArray(registration)) throw new Error('no registration');
  return registration;
}

const entriesOf = (lines: readonly Json[]): Json[] =>
  lines.filter(({ kind }) => kind === 'instance' || kind === 'hold');

async function imported(world: World, lines: readonly Json[], query = ''): Promise<string[]> {
  const reply = await world.call('POST', `/import${query}`, { lines });
  expect(reply.statusCode).toBe(200);
  const { results } = reply.json<{ results: Json[] }>();
  return results.map(({ appid, instance, outcome }) => `${String(appid)}/${String(instance)} ${String(outcome)}`);
}

test('everything about an instance comes back: registration, hold, policy and what adapters keep', async () => {
  const [from, to] = [createWorld(), createWorld()];
  await from.register('prod/pay/a1', { version: '1.4', tags: ['canary'], metadata: { 'a b': 'ü' }, leaseSeconds: 60 });
  await from.call('POST', '/apps/prod/pay/a1/drain?hold=2h&reason=disk');
  from.registry.perform(
    {
      kind: 'register',
      key: { env: 'prod', appid: 'shop', instance: 's1' },
      registration: await registrationAt(from),
      liveness: { kind: 'lease-then-waiting', evictAfterSeconds: 600 },
      fronts: { eureka: { appName: 'shop', content: '{"Datacenter":"dc1"}' } },
    },
    { kind: 'system', front: 'api', address: '' },
  );
  from.clock.advance(10_000);
  const lines = await exported(from);
  expect(lines[0]).toMatchObject({ kind: 'export', v: 1, registry: expect.stringMatching(/^[a-z0-9]+$/) });
  expect(lines.at(-1)).toEqual({ kind: 'end', instances: 2, holds: 0 });
  expect(lines[1]).toMatchObject({ instance: 'a1', leaseLeftSeconds: 50 });

  expect(await imported(to, entriesOf(lines))).toEqual(['pay/a1 created', 'shop/s1 created']);
  const parts = (line: Json) => {
    const { kind, registration, liveness, override, fronts, label, dirtyAtMs } = line;
    return { kind, registration, liveness, override, fronts, label, dirtyAtMs };
  };
  expect(entriesOf(await exported(to)).map(parts)).toEqual(entriesOf(lines).map(parts));
  expect(to.registry.find({ env: 'prod', appid: 'pay', instance: 'a1' })?.instance.status).toBe('waiting');
});

test('a second import changes nothing, and an old one takes nothing away', async () => {
  const [from, to] = [createWorld(), createWorld()];
  await from.register('prod/pay/a1', { weight: 5 });
  const lines = entriesOf(await exported(from));
  await imported(to, lines);
  const { revision } = to.registry;
  expect(await imported(to, lines)).toEqual(['pay/a1 unchanged']);
  to.clock.advance(1000);
  await to.call('PATCH', '/apps/prod/pay/a1', { weight: 7 });
  expect(await imported(to, lines)).toEqual(['pay/a1 skipped']);
  expect(to.registry.find({ env: 'prod', appid: 'pay', instance: 'a1' })?.instance.weight).toBe(7);
  expect(to.registry.revision).toBe(revision + 1);
});

test('a newer export replaces what is older here', async () => {
  const [from, to] = [createWorld(), createWorld()];
  await to.register('prod/pay/a1', { weight: 5 });
  from.clock.advance(60_000);
  await from.register('prod/pay/a1', { weight: 9 });
  to.clock.advance(120_000);
  expect(await imported(to, entriesOf(await exported(from)))).toEqual(['pay/a1 replaced']);
});

test('a dry run returns what would be done, and does nothing', async () => {
  const [from, to] = [createWorld(), createWorld()];
  await from.register('prod/pay/a1');
  const lines = entriesOf(await exported(from));
  const { revision } = to.registry;
  expect(await imported(to, lines, '?dryRun=true')).toEqual(['pay/a1 created']);
  expect(to.registry.revision).toBe(revision);
  expect(to.registry.instanceCount).toBe(0);
});

const waiting = { kind: 'hold', env: 'prod', appid: 'pay', instance: 'a5' };

test('what cannot be imported is named, with the reason, and does not stop the rest', async () => {
  const [from, to] = [createWorld(), createWorld()];
  await from.register('prod/pay/a1');
  const [good = {}] = entriesOf(await exported(from));
  const lines = [
    { ...good, registration: { ...(good['registration'] as Json), weight: -1 } },
    { ...good, instance: 'a2', file: 'shop.yaml' },
    { ...good, instance: 'a3', liveness: { kind: 'connection' } },
    { ...good, instance: 'a4', liveness: { kind: 'eternal' } },
    { ...waiting, override: { status: 'waiting', by: 'ops', until: 1 } },
    { ...good, instance: 'a6', override: { status: 'waiting', by: 'ops', until: 1 } },
    good,
  ];
  const reply = await to.call('POST', '/import', { lines });
  const { results } = reply.json<{ results: Json[] }>();
  expect(results.map(({ outcome }) => outcome)).toEqual([
    ...Array.from({ length: 5 }, () => 'skipped'),
    'created',
    'created',
  ]);
  expect(results[0]?.['reason']).toContain('registration.weight');
  expect(results[1]?.['reason']).toContain('shop.yaml');
  expect(results[3]?.['reason']).toContain('liveness');
  // Its hold had ended meanwhile.
  expect(to.registry.find({ env: 'prod', appid: 'pay', instance: 'a6' })?.instance.status).toBe('up');
});

test('a hold that waits for its instance is exported', async () => {
  const world = createWorld();
  await world.register('prod/pay/a1');
  await world.call('POST', '/apps/prod/pay/a1/drain?hold=2h');
  await world.call('DELETE', '/apps/prod/pay/a1');
  const lines = await exported(world);
  expect(lines.slice(1)).toMatchObject([
    { kind: 'hold', instance: 'a1' },
    { kind: 'end', instances: 0, holds: 1 },
  ]);
});

test('a hold that waits for its instance is imported, and the registration gets it', async () => {
  const world = createWorld();
  const line = { ...waiting, override: { status: 'waiting', by: 'ops', until: 'unbounded' } };
  const outcomes = async (...lines: readonly Json[]) => {
    const { results } = (await world.call('POST', '/import', { lines })).json<{ results: Json[] }>();
    return results.map(({ outcome }) => outcome);
  };
  expect(await outcomes(line)).toEqual(['created']);
  expect(await outcomes(line)).toEqual(['unchanged']);
  // What is decided here counts.
  expect(await outcomes({ ...line, override: { ...line.override, by: 'another' } })).toEqual(['skipped']);
  await world.register('prod/pay/a5');
  expect((await world.call('GET', '/apps/prod/pay/a5')).json()).toMatchObject({ status: 'waiting' });
  await world.register('prod/pay/a7');
  expect(await outcomes({ ...line, instance: 'a7' })).toEqual(['skipped']);
});

test('a body that is no list, or too long a one, is refused', async () => {
  const { call } = createWorld();
  for (const lines of [undefined, {}, Array.from({ length: 501 }, () => ({}))]) {
    const reply = await call('POST', '/import', { lines });
    expect(reply.statusCode).toBe(400);
    expect(reply.json()).toMatchObject({ errors: [{ field: 'lines' }] });
  }
  expect((await call('POST', '/import?dryRun=maybe', { lines: [] })).statusCode).toBe(400);
  expect((await call('GET', '/export?env=prod')).statusCode).toBe(400);
});
