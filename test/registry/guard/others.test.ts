// The guard of a node that runs a part of each app: what the other nodes of its cluster run and miss counts as its own.

import { describe, expect, test } from 'vitest';
import { parseRegistration } from '../../../src/model/instance.ts';
import type { OthersShare } from '../../../src/model/losses.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { performer } from '../../kit/registry/performer.ts';

const by = { kind: 'anonymous', front: 'api', address: '10.0.0.9' } as const;
const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const key = { env: 'prod', appid: 'pay', instance: 'a1' };

/** One instance of its own, heard once, and silent since for `silentMs`. */
function node(others: (isApp: boolean) => OthersShare, silentMs: number) {
  let nowMs = 1000;
  const clock = { monotonicMs: () => nowMs, wallMs: () => 1_700_000_000_000 + nowMs };
  const registry = new Registry({
    ...{ clock, origin: 'svc.', defaults, initialRevision: 0, instancesMax: 100, instancesPerAppMax: 100 },
    elsewhere: (app) => others(app !== undefined),
  });
  const registration = parseRegistration({ addrs: ['http://10.0.0.1:80'] }, defaults);
  if (Array.isArray(registration)) throw new Error('a registration that is none');
  performer(registry, clock)(by, { kind: 'register', key, registration });
  nowMs += 30_000;
  registry.renew(key);
  const look = () => registry.takeExpired({ monotonicMs: nowMs, wallMs: clock.wallMs() }, 10);
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      nowMs += 1000;
      const taken = look();
      if (taken.length > 0) return taken;
    }
    return [];
  };
  return { registry, pass, taken: pass(silentMs) };
}

describe('an app with one instance on each of three nodes', () => {
  test('loses one of them as an app of three does', () => {
    expect(node(() => ({ serving: 2, losses: 0 }), 95_000).taken).toHaveLength(1);
  });

  test('keeps them all when all fall silent at once, and evicts the silent when the others are back', () => {
    let losses = 2;
    const { registry, pass, taken } = node(
      (isApp) => (isApp ? { serving: 2, losses } : { serving: 1000, losses: 2 }),
      95_000,
    );
    expect(taken).toEqual([]);
    expect(registry.find(key)?.isSuspect).toBe(true);
    expect(registry.losses(10)).toEqual({ registry: 1, apps: [{ env: 'prod', appid: 'pay', losses: 1 }] });
    losses = 0;
    registry.reviewGuard();
    expect(pass(120_000)).toHaveLength(1);
  });
});
