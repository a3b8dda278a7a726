// Who is chosen: fair shares, free instances, the same instance for a key, and whom a choice is among at all.

import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../../src/client/choice/candidate.ts';
import { preferred, rendezvous, type StrategyName, strategyOf } from '../../../src/client/choice/strategies.ts';
import type { Instance } from '../../../src/model/instance.ts';
import { subsetOf } from '../../../src/model/selection/subset.ts';

type Fields = Partial<Candidate['endpoint']> & { readonly pending?: number };
type Some = readonly [Candidate, ...Candidate[]];

function candidate(instance: string, { pending = 0, ...fields }: Fields = {}): Candidate {
  const base = { url: `http://${instance}:80`, portName: 'http', protocol: 'tcp', host: instance, port: 80 } as const;
  return { pending, endpoint: { ...base, instance, zone: '', weight: 10, priority: 0, details: undefined, ...fields } };
}

/** Uniform in [0, 1), the same ones in every run. */
function draws(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** How often each is chosen in 4000 choices. */
function counts(
  name: StrategyName,
  candidates: Some,
  keyOf: (turn: number) => string | undefined = () => undefined,
): Record<string, number> {
  const strategy = strategyOf(name, draws());
  const found: Record<string, number> = Object.fromEntries(candidates.map(({ endpoint }) => [endpoint.instance, 0]));
  for (let turn = 0; turn < 4000; turn++) {
    const { instance } = strategy(candidates, keyOf(turn)).endpoint;
    found[instance] = (found[instance] ?? 0) + 1;
  }
  return found;
}

const four: Some = [candidate('a'), candidate('b'), candidate('c'), candidate('d')];

describe('shares', () => {
  test('round-robin is exact', () => {
    expect(counts('round-robin', four)).toEqual({ a: 1000, b: 1000, c: 1000, d: 1000 });
  });

  test('round-robin is exact also where one is left out for a while', () => {
    const strategy = strategyOf('round-robin', () => 0);
    const [a, b, c] = four;
    const turns = [four, four, [b, c], four, four, [a, c], four].map(
      (some) => strategy(some as Some, undefined).endpoint.instance,
    );
    expect(turns.join('')).toBe('abcdac'.concat('b'));
  });

  test.each(['random', 'weighted', 'least-pending', 'hash'] as const)('%s is even among equals', (name) => {
    for (const count of Object.values(counts(name, four))) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test.each(['weighted', 'least-pending'] as const)('%s goes by weight, and 0 is hardly ever', (name) => {
    const found = counts(name, [
      candidate('a', { weight: 30 }),
      candidate('b', { weight: 10 }),
      candidate('c', { weight: 0 }),
    ]);
    expect(Math.abs((found['a'] ?? 0) - 3000)).toBeLessThan(200);
    expect(found['c']).toBeLessThan(10);
  });

  test('hash goes by weight over many keys', () => {
    const found = counts(
      'hash',
      [candidate('a', { weight: 30 }), candidate('b', { weight: 10 })],
      (turn) => `key-${turn}`,
    );
    expect(Math.abs((found['a'] ?? 0) - 3000)).toBeLessThan(200);
  });
});

test('least-pending chooses who has the fewest for its weight', () => {
  const strategy = strategyOf('least-pending', () => 0);
  const busy = candidate('a', { pending: 2 });
  expect(strategy([busy, candidate('b', { pending: 1 })], undefined).endpoint.instance).toBe('b');
  expect(strategy([busy, candidate('b', { pending: 3, weight: 30 })], undefined).endpoint.instance).toBe('b');
});

describe('the same key', () => {
  test('meets the same instance, and only the keys of one that leaves move', () => {
    const [, ...rest] = four;
    const three = rest as unknown as Some;
    for (let key = 0; key < 200; key++) {
      const before = rendezvous(four, `k${key}`).endpoint.instance;
      const after = rendezvous(three, `k${key}`).endpoint.instance;
      if (before !== 'a') expect(after).toBe(before);
    }
  });

  test("is the registry's own choice for that client", () => {
    const ids = ['orders-1', 'Orders-2', 'ö', '10.0.0.7:8080'];
    const stored = ids.map((instance, index) => ({ instance: { instance, weight: index * 5 } as Instance }));
    const own = ids.map((instance, index) => candidate(instance, { weight: index * 5 })) as unknown as Some;
    for (let key = 0; key < 200; key++) {
      const [chosen] = subsetOf(stored, 1, `web-${key}`);
      expect(rendezvous(own, `web-${key}`).endpoint.instance).toBe(chosen?.instance.instance);
    }
  });
});

describe('whom a choice is among', () => {
  const names = (candidates: Some, near?: string) =>
    preferred(candidates, near).map(({ endpoint }) => endpoint.instance);
  const some: Some = [
    candidate('a', { zone: 'eu-1a' }),
    candidate('b', { zone: 'eu-1b' }),
    candidate('backup-a', { zone: 'eu-1a', priority: 5 }),
    candidate('far', { zone: 'us-1', priority: 1 }),
  ];

  test.each<[string | undefined, string[]]>([
    [undefined, ['a', 'b']],
    ['EU-1A', ['a']],
    ['us-1', ['far']],
    ['nowhere', ['a', 'b']],
  ])('near %s: %j', (near, expected) => {
    expect(names(some, near)).toEqual(expected);
  });

  test('a backup takes over where no instance of a lower priority is left, near first', () => {
    expect(names([some[2] as Candidate, some[3] as Candidate], 'eu-1a')).toEqual(['backup-a']);
    expect(names([some[2] as Candidate, some[3] as Candidate])).toEqual(['far']);
  });
});
