// Which registration is ours: a successor under the same name is left alone, and what a proxy does to tags and replies does
// not change that.

import { describe, expect, test } from 'vitest';
import { type Asked, problem } from '../../kit/client/client-scheduler.ts';
import { membershipWorld, orders, PlayedRegistry } from '../../kit/client/membership-world.ts';

const safe = { safe: true, safeToStopAt: new Date('2026-11-21T10:00:00.000Z'), problem: undefined };

function versionsOf(asked: readonly Asked[]): (string | undefined)[] {
  const isWrite = ({ method }: Asked) => method === 'POST' || method === 'DELETE';
  return asked.filter(isWrite).map(({ headers }) => headers['if-match']);
}

describe('a successor under the same name', () => {
  const successor = ['http://10.0.0.8:8080'];

  test('is neither drained nor cancelled', async () => {
    const { registry, member, calls, heard, outcomeOf } = membershipWorld();
    await member.registered();
    registry.change({ addrs: successor });
    calls();
    expect(await outcomeOf(member.leave(), 6000)).toMatchObject({ safe: true });
    expect(registry.instance).toEqual({ addrs: successor, status: 'up' });
    expect(calls()).toEqual(['POST /drain', 'GET']);
    expect(heard).toContain('replaced');
  });

  test('that comes between drain and cancellation is not cancelled', async () => {
    const { registry, member, heard, outcomeOf } = membershipWorld();
    await member.registered();
    await outcomeOf(member.drain(), 500);
    registry.change({ addrs: successor, status: 'up' });
    expect(await outcomeOf(member.cancel())).toMatchObject({ gone: true });
    expect(registry.instance).toEqual({ addrs: successor, status: 'up' });
    expect(heard).toContain('replaced');
  });

  test('is recognised by its addresses, in any form', async () => {
    const registration = { ...orders, addrs: ['HTTP://Web.Example.:8080'] };
    const { registry, member, outcomeOf } = membershipWorld(undefined, { registration });
    await member.registered();
    // The registry's own form, and a change by an operator.
    registry.change({ addrs: ['http://web.example:8080'] });
    expect(await outcomeOf(member.cancel())).toMatchObject({ gone: true });
    expect(registry.instance).toBeUndefined();
  });
});

describe('a proxy in between', () => {
  test('may weaken the tags: of a revision that means the same', async () => {
    const { registry, member, asked, outcomeOf } = membershipWorld();
    registry.etagOf = (revision) => `W/"${revision}"`;
    await member.registered();
    await outcomeOf(member.leave(), 1000);
    expect({ versions: versionsOf(asked), left: registry.instance }).toEqual({
      versions: ['"1"', '"2"'],
      left: undefined,
    });
  });

  test('may rewrite the tags: the revision is in the document', async () => {
    const { registry, member, outcomeOf } = membershipWorld();
    registry.etagOf = (revision) => `"${revision}-gzip"`;
    await member.registered();
    expect(await outcomeOf(member.leave(), 1000)).toEqual(safe);
    expect(registry.instance).toBeUndefined();
  });

  test('that keeps a precondition from ever holding is asked a few times, and the drain ends', async () => {
    const { member, calls, outcomeOf } = membershipWorld(({ method }) =>
      method === 'POST' || method === 'DELETE' ? problem(412, 'precondition-failed', 'It does not hold.') : undefined,
    );
    await member.registered();
    calls();
    expect(await outcomeOf(member.leave())).toMatchObject({ safe: false, problem: 'It does not hold.' });
    expect(calls()).toHaveLength(2 * (4 + 3));
  });

  test('that answers every look with a stale copy does not make it loop', async () => {
    const stale = new PlayedRegistry();
    stale.change({ addrs: orders.addrs });
    const { registry, member, calls, outcomeOf } = membershipWorld((one) =>
      one.method === 'GET' ? stale.answer(one) : undefined,
    );
    await member.registered();
    registry.change({});
    registry.change({});
    calls();
    expect(await outcomeOf(member.cancel())).toMatchObject({ gone: false });
    expect(calls().length).toBeLessThan(10);
  });

  test('whose 404 is none of the registry does not make it absent', async () => {
    const { registry, member, outcomeOf } = membershipWorld(({ method }) =>
      method === 'GET' ? { status: 404, text: 'not here' } : undefined,
    );
    await member.registered();
    registry.change({});
    expect(await outcomeOf(member.cancel(), 5000)).toMatchObject({ gone: false });
  });
});
