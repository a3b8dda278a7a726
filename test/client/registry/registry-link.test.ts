// Several addresses of a registry: which is asked, in which order, which is left alone, and what a reply is taken for.

import { expect, test } from 'vitest';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { retryAfterMs } from '../../../src/client/registry/reply.ts';
import { type Answer, FakeScheduler, fakeFetch, problem, unknownInstance } from '../../kit/client/client-scheduler.ts';

const never = new AbortController().signal;
const done: Answer = { status: 200, document: { ok: true } };

function worldOf(answers: Record<string, Answer>) {
  const scheduler = new FakeScheduler();
  const { fetch, asked } = fakeFetch(({ url }) => answers[new URL(url).host] ?? 'refused');
  const link = new RegistryLink({
    addresses: ['http://r1', 'http://r2', 'http://r3'],
    token: 'secret',
    fetch,
    scheduler,
    requestTimeoutMs: 1000,
  });
  const call = async () => {
    const before = asked.length;
    const reply = await link.call({ method: 'GET', path: '/x' }, never);
    return [reply.kind, ...asked.slice(before).map(({ url }) => new URL(url).host)];
  };
  return { scheduler, link, call, asked, answers };
}

test('the next address is asked where one is away, and first from then on', async () => {
  const { call, asked, answers } = worldOf({ r2: done, r3: done });
  expect(await call()).toEqual(['done', 'r1', 'r2']);
  answers['r1'] = done;
  expect(await call()).toEqual(['done', 'r2']);
  answers['r2'] = 'refused';
  expect(await call()).toEqual(['done', 'r2', 'r3']);
  expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer secret', accept: 'application/json' });
});

test('a refusal is an answer, an overload is not, and its Retry-After keeps callers away', async () => {
  const { call, scheduler, answers } = worldOf({ r1: unknownInstance, r2: done });
  expect(await call()).toEqual(['refused', 'r1']);
  answers['r1'] = { status: 503, headers: { 'retry-after': '5' } };
  expect(await call()).toEqual(['done', 'r1', 'r2']);
  answers['r2'] = { status: 429, headers: { 'retry-after': '2' } };
  expect(await call()).toEqual(['busy', 'r2', 'r3']);
  expect(await call()).toEqual(['busy', 'r3']);
  await scheduler.pass(2001);
  answers['r2'] = done;
  expect(await call()).toEqual(['done', 'r2']);
});

test('where no address answers, the error has the soonest time to ask again', async () => {
  const document = { type: 'urn:rollcall:problem:overloaded', title: 'Busy', detail: 'busy' };
  const busy: Answer = { status: 503, headers: { 'retry-after': '4' }, document };
  const { link } = worldOf({
    r1: { status: 503, headers: { 'retry-after': '9' } },
    r2: busy,
  });
  expect(await link.call({ method: 'GET', path: '/x' }, never)).toMatchObject({
    kind: 'busy',
    status: 503,
    text: 'busy',
    retryAfterMs: 4000,
  });
});

test('a reply that does not come ends with its time, the time that the registry was asked to wait included', async () => {
  const scheduler = new FakeScheduler();
  const { fetch } = fakeFetch(() => 'silence');
  const link = new RegistryLink({ addresses: ['http://r1'], fetch, scheduler, requestTimeoutMs: 1000 });
  let reply: unknown;
  void link.call({ path: '/x', serverWaitMs: 500 }, never).then((one) => {
    reply = one;
  });
  await scheduler.pass(1499);
  expect(reply).toBeUndefined();
  await scheduler.pass(2);
  expect(reply).toMatchObject({ kind: 'unreachable', isUnapplied: false });
});

test.each<[string, Answer, object]>([
  ['a problem of the registry', problem(403, 'unauthorized'), { kind: 'refused', status: 403, isUnapplied: true }],
  ['a page of an ingress', { status: 404, text: '<html>' }, { kind: 'foreign', status: 404 }],
  ['a document of something else', { status: 404, document: { detail: 'no route' } }, { kind: 'foreign', status: 404 }],
  ['a success that is no document', { status: 200, text: '<html>' }, { kind: 'foreign', status: 200 }],
  ['a gateway that timed out', { status: 504, text: '' }, { kind: 'busy', status: 504, isUnapplied: false }],
  ['an overload', problem(503, 'overloaded'), { kind: 'busy', isUnapplied: true }],
  ['a change that is not written down', problem(503, 'not-durable'), { kind: 'busy', isUnapplied: false }],
  ['a connection that was refused', 'refused', { kind: 'unreachable', isUnapplied: true }],
])('%s', async (_what, answer, reply) => {
  const { link } = worldOf({ r1: answer, r2: answer, r3: answer });
  expect(await link.call({ path: '/x' }, never)).toMatchObject(reply);
});

test('what one address may have applied is not reported as unapplied by the next', async () => {
  const { link } = worldOf({ r1: { status: 502, text: '' }, r2: problem(503, 'overloaded') });
  expect(await link.call({ path: '/x' }, never)).toMatchObject({ kind: 'busy', isUnapplied: false });
});

test('the errors of a problem document are read, however odd their entries are', async () => {
  const errors = [{ field: 'env', message: 'is empty', value: 7 }, null, { field: 'x' }, { message: 'm', value: 'v' }];
  const { link } = worldOf({ r1: problem(400, 'invalid-request', 'Cannot', errors as object[]) });
  expect(await link.call({ path: '/x' }, never)).toMatchObject({
    problem: {
      type: 'urn:rollcall:problem:invalid-request',
      errors: [
        { field: 'env', message: 'is empty' },
        { field: '', message: 'm', value: 'v' },
      ],
    },
  });
});

test.each([
  [null, undefined],
  ['3', 3000],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['99999999', 60_000],
  ['soon', undefined],
])('Retry-After: %s is %s ms', (header, ms) => {
  expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(ms);
});
