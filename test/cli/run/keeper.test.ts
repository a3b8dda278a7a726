// A registration kept through a registry's bad days: what is asked, when, and what is said. Time passes only where the
// keeper waits.

import { expect, test } from 'vitest';
import type { ApiFault, ApiReply, ApiRequest } from '../../../src/cli/api-call.ts';
import { Keeper } from '../../../src/cli/run/keeper.ts';

const path = '/api/v1/apps/prod/orders/orders-1';
const kept = { path, body: { addrs: ['http://10.0.0.7:80'] }, addrs: ['http://10.0.0.7:80'] };

type Answer = ApiReply | ApiFault;

const ok = (document: Record<string, unknown>, etag = '"1"'): ApiReply => ({
  status: 200,
  headers: { etag },
  document,
});
const registered = ok({ leaseSeconds: 90, dnsNames: ['orders.prod.svc.'] });
const renewed = ok({ leaseSeconds: 90 });
const refused: ApiFault = { code: 1, problem: 'refused', isUnsent: true };
const silent: ApiFault = { code: 1, problem: 'no reply' };
const fault = (status: number, more: Partial<ApiFault> = {}): ApiFault => ({
  code: 1,
  problem: `status ${status}`,
  status,
  ...more,
});

/** Answers in turn; the last one again and again. Ends the keeping after `rounds` waits. */
function world(answers: readonly Answer[], rounds = Number.POSITIVE_INFINITY) {
  let nowMs = 5000;
  const asked: string[] = [];
  const requests: ApiRequest[] = [];
  const waits: number[] = [];
  const said: string[] = [];
  const left = [...answers];
  const over = Promise.withResolvers<void>();
  const keeper = new Keeper(
    {
      ask: async (request) => {
        requests.push(request);
        asked.push(`${request.method ?? 'GET'} ${request.path.slice(path.length)}`);
        const answer = left.length > 1 ? left.shift() : left[0];
        return answer as Answer;
      },
      monotonicMs: () => nowMs,
      pause: async (ms, signal) => {
        if (signal.aborted) return;
        nowMs += ms;
        waits.push(Math.round(ms));
        if (waits.length !== rounds) return;
        over.resolve();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      random: () => 0.5,
      tell: (kind, text) => {
        if (kind === 'warn') said.push(text);
      },
    },
    kept,
  );
  return { keeper, asked, requests, waits, said, over: over.promise, advance: (ms: number) => (nowMs += ms) };
}

const calm = new AbortController().signal;

test('registers, and renews at a third of the lease, a little earlier by chance', async () => {
  const { keeper, asked, requests, waits, said, over } = world([registered, renewed], 3);
  keeper.start();
  await over;
  expect(asked).toEqual(['PUT ', 'PUT /renew', 'PUT /renew']);
  expect(requests[0]?.body).toEqual(kept.body);
  expect(waits).toEqual([27_000, 27_000, 27_000]);
  expect(said).toEqual([]);
});

test('a lease that the server has shortened is renewed in its time', async () => {
  const { keeper, waits, over } = world([registered, ok({ leaseSeconds: 30 })], 2);
  keeper.start();
  await over;
  expect(waits).toEqual([27_000, 9000]);
});

test('a registry that is down at the start is asked again, with longer and longer breaks, and complained of once', async () => {
  const { keeper, asked, waits, said, over } = world([refused, refused, refused, registered], 4);
  keeper.start();
  await over;
  expect(asked).toEqual(['PUT ', 'PUT ', 'PUT ', 'PUT ']);
  expect(waits).toEqual([375, 750, 1500, 27_000]);
  expect(said).toEqual(['cannot register, trying again and again: refused', 'the registry answers again']);
});

test('a registry that goes away is asked to renew until it answers, and no longer than ten seconds apart', async () => {
  const { keeper, asked, waits, over } = world([registered, ...Array(8).fill(silent), renewed], 10);
  keeper.start();
  await over;
  expect(asked.slice(1).every((one) => one === 'PUT /renew')).toBe(true);
  expect(waits).toEqual([27_000, 375, 750, 1500, 3000, 6000, 7500, 7500, 7500, 27_000]);
});

test('a server that is forgetful is told again at once', async () => {
  const { keeper, asked, waits, said, over } = world([registered, fault(404), registered], 2);
  keeper.start();
  await over;
  expect(asked).toEqual(['PUT ', 'PUT /renew', 'PUT ']);
  expect(waits).toEqual([27_000, 27_000]);
  expect(said).toEqual(['the registry has forgotten this instance: registering it again']);
});

test('Retry-After is kept to', async () => {
  const { keeper, waits, over } = world([fault(503, { retryAfterSeconds: 7 }), registered], 2);
  keeper.start();
  await over;
  expect(waits[0]).toBe(7000);
});

test('leaving: drains for the version that it knows, cancels for the one that the drain made', async () => {
  const drained = ok({ safe: true }, '"2"');
  const { keeper, asked, requests, over } = world([registered, drained, ok({})], 1);
  keeper.start();
  await over;
  expect(await keeper.drain(30_000, 'SIGTERM', calm)).toEqual({ kind: 'safe' });
  await keeper.cancel('it exited');
  expect(asked).toEqual(['PUT ', 'POST /drain?wait=30000ms&reason=SIGTERM', 'DELETE ?reason=it%20exited']);
  expect(requests.map(({ headers }) => headers?.['if-match'])).toEqual([undefined, '"1"', '"2"']);
});

test('nothing is drained or cancelled that never was registered', async () => {
  const { keeper, asked, over } = world([refused], 2);
  keeper.start();
  await over;
  expect(await keeper.drain(30_000, 'x', calm)).toEqual({ kind: 'absent' });
  await keeper.cancel('x');
  expect(asked).toEqual(['PUT ', 'PUT ']);
});

test('a registration that was never answered is cancelled all the same: it may have arrived', async () => {
  const { keeper, asked, over } = world([silent, ok({})], 1);
  keeper.start();
  await over;
  await keeper.cancel('x');
  expect(asked).toEqual(['PUT ', 'DELETE ?reason=x']);
});

test('a drain that nobody can be told of ends after ten seconds, one that takes its time at the end of it', async () => {
  const untold = world([registered, silent], 1);
  untold.keeper.start();
  await untold.over;
  const before = untold.waits.length;
  expect(await untold.keeper.drain(30_000, 'x', calm)).toEqual({ kind: 'unsafe', why: 'no reply' });
  const waitedMs = untold.waits.slice(before).reduce((sum, ms) => sum + ms, 0);
  expect(waitedMs).toBeGreaterThanOrEqual(10_000);
  expect(waitedMs).toBeLessThan(20_000);

  const slow = world([registered, ok({ safe: false, safeToStopAt: 'then' })], 1);
  slow.keeper.start();
  await slow.over;
  const farewell = await slow.keeper.drain(1000, 'x', calm);
  expect(farewell).toEqual({ kind: 'unsafe', why: 'resolvers may hold it until then' });
});

test('a drain without a right to it is not tried again', async () => {
  const { keeper, asked, over } = world([registered, fault(403)], 1);
  keeper.start();
  await over;
  expect(await keeper.drain(30_000, 'x', calm)).toEqual({ kind: 'unsafe', why: 'status 403' });
  await keeper.cancel('x');
  expect(asked.length).toBe(3);
});

test('whoever is in a hurry does not wait for the reply', async () => {
  const { keeper, over } = world([registered], 1);
  keeper.start();
  await over;
  const hurry = AbortSignal.abort();
  expect(await keeper.drain(30_000, 'x', hurry)).toMatchObject({ kind: 'unsafe' });
});

test('an operator has changed its weight: it is still ours, and is drained', async () => {
  const patched = ok({ addrs: kept.addrs, weight: 1 }, '"7"');
  const { keeper, requests, over } = world([registered, fault(412), patched, ok({ safe: true })], 1);
  keeper.start();
  await over;
  expect(await keeper.drain(30_000, 'x', calm)).toEqual({ kind: 'safe' });
  expect(requests.at(-1)?.headers).toEqual({ 'if-match': '"7"' });
});

test('a successor at another address is left alone', async () => {
  const successor = ok({ addrs: ['http://10.0.0.8:80'] }, '"9"');
  const { keeper, asked, said, over } = world([registered, fault(412), successor], 1);
  keeper.start();
  await over;
  await keeper.cancel('x');
  expect(asked.slice(1)).toEqual(['DELETE ?reason=x', 'GET ']);
  expect(said).toEqual(['another registration has taken this name: it is left alone']);
});

test('one that is drained, and forgotten meanwhile, is not registered again', async () => {
  const { keeper, asked, over } = world([registered, fault(404)], 1);
  keeper.start();
  await over;
  expect(await keeper.drain(30_000, 'x', calm)).toEqual({ kind: 'absent' });
  await keeper.cancel('x');
  expect(asked.filter((one) => one === 'PUT ').length).toBe(1);
});
