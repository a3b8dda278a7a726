// Random histories against a naive array: after every command both have the same instances, the same leases, the same
// names, and the registry has counted each change once. A failure prints fast-check's seed and the shortest history.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRegistration, type Registration, registrationToJson } from '../../src/model/instance.ts';
import type { InstanceKey } from '../../src/model/names.ts';
import { defaults, Harness, someAddress, unguarded } from '../kit/registry/harness.ts';
import { NaiveRegistry, type Write } from '../kit/registry/naive-registry.ts';

type Command = fc.Command<NaiveRegistry, Harness>;

function registrationOf(body: Record<string, unknown>): Registration {
  const parsed = parseRegistration({ addrs: [someAddress], ...body }, defaults);
  if (Array.isArray(parsed)) throw new Error(JSON.stringify(parsed));
  return parsed;
}

/** Runs on both, compares what they return, then all that can be read. */
function command(
  text: string,
  onModel: (model: NaiveRegistry) => unknown,
  onReal: (real: Harness) => unknown,
): Command {
  return {
    check: () => true,
    run(model, real) {
      const [found, expected] = [onReal(real), onModel(model)];
      if (found !== expected) throw new Error(`${text}: ${String(found)}, expected ${String(expected)}`);
      expectSame(model, real);
    },
    toString: () => text,
  };
}

const envs = ['prod', 'dev'];
const appids = ['a', 'b.a', 'c.b.a', 'x.a', 'i.a', 'z.i.a'];

/** All that can be read, as text: comparing text is what keeps thousands of comparisons cheap. */
function expectSame(model: NaiveRegistry, { registry, clock }: Harness): void {
  const [expected, found]: [unknown[], unknown[]] = [[], []];
  for (const env of envs) {
    for (const appid of ['', ...appids]) {
      expected.push(model.at(env, appid));
      const view = registry.at(env, appid);
      found.push(typeof view === 'object' ? 'app' : view);
      if (typeof view !== 'object') continue;
      for (const { key, registration, deadlineMs } of model.app(env, appid)) {
        expected.push([key.instance, deadlineMs, registrationToJson(registration)]);
      }
      for (const leased of view.instances()) {
        found.push([leased.instance.instance, leased.deadlineMs, registrationToJson(leased.instance)]);
        if (view.byLabel(leased.instance.label) !== leased) found.push('not found by its label');
      }
    }
  }
  expected.push(100 + model.changes, model.rows.length, model.nowMs);
  found.push(registry.revision, registry.instanceCount, clock.monotonicMs());
  const [before, after] = [JSON.stringify(expected), JSON.stringify(found)];
  if (before !== after) expect(after).toBe(before);
  const earliest = Math.min(...model.rows.map(({ deadlineMs }) => deadlineMs));
  if ((registry.nextDeadlineMs() ?? 0) > earliest) throw new Error('the next deadline is after the earliest');
}

const key: fc.Arbitrary<InstanceKey> = fc.record({
  env: fc.constantFrom(...envs),
  appid: fc.constantFrom(...appids),
  instance: fc.constantFrom('i', 'I', 'j', 'b', 'x'),
});
const body = fc.record(
  {
    weight: fc.constantFrom(1, 2),
    leaseSeconds: fc.constantFrom(5, 10, 20),
    status: fc.constantFrom('up', 'waiting'),
  },
  { requiredKeys: [] },
);
const write: fc.Arbitrary<Write> = fc.record({
  registration: body.map(registrationOf),
  ifAbsent: fc.boolean(),
  dirtyAtMs: fc.option(fc.constantFrom(10, 20, 30), { nil: undefined }),
});
const seconds = fc.constantFrom(0, 1, 4999, 5000, 7000, 10_000);

const commands = [
  fc.tuple(key, write).map(([at, w]) =>
    command(
      `register ${JSON.stringify(at)} ${JSON.stringify(w)}`,
      (model) => model.register(at, w),
      ({ registry }) => registry.register(at, w.registration, w).kind,
    ),
  ),
  key.map((at) =>
    command(
      `renew ${JSON.stringify(at)}`,
      (model) => model.renew(at),
      ({ registry }) => registry.renew(at).kind,
    ),
  ),
  fc.tuple(key, body).map(([at, patch]) =>
    command(
      `patch ${JSON.stringify(at)} ${JSON.stringify(patch)}`,
      (model) => model.patch(at, (before) => registrationOf({ ...registrationToJson(before), ...patch })),
      ({ registry }) => registry.patch(at, patch).kind,
    ),
  ),
  key.map((at) =>
    command(
      `cancel ${JSON.stringify(at)}`,
      (model) => model.cancel(at),
      ({ registry }) => registry.cancel(at).kind,
    ),
  ),
  seconds.map((ms) =>
    command(
      `elapse ${ms}`,
      (model) => {
        model.nowMs += ms;
        model.wallMs += ms;
      },
      ({ clock }) => clock.advance(ms),
    ),
  ),
  fc.constantFrom(-3600_000, 3600_000).map((ms) =>
    command(
      `step the wall clock by ${ms}`,
      (model) => {
        model.wallMs += ms;
      },
      ({ clock }) => clock.stepWall(ms),
    ),
  ),
  fc.constant(
    command(
      'evict',
      (model) => model.evict(),
      ({ registry }) => registry.evictExpired(1000),
    ),
  ),
];

test('any history agrees with an array', () => {
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 60 }), (history) => {
      fc.modelRun(() => {
        // The guard has a model of its own: here every lease ends at its deadline.
        const real = new Harness({ guard: unguarded });
        const model = new NaiveRegistry();
        model.nowMs = real.clock.monotonicMs();
        model.wallMs = real.clock.wallMs();
        return { model, real };
      }, history);
    }),
    { numRuns: 1500 },
  );
});
