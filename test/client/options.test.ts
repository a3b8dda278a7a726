// What a client is made with: defaults, and one sentence for each wrong option.

import { expect, test } from 'vitest';
import { appOf, type ClientOptions, resolveOptions } from '../../src/client/options.ts';
import { RollcallClient } from '../../src/client/rollcall-client.ts';
import { FakeScheduler, fakeFetch } from '../kit/client/client-scheduler.ts';

test('every option has a default', () => {
  const { addresses, dns, balance } = resolveOptions({});
  expect({ addresses, dns }).toEqual({ addresses: ['http://127.0.0.1:7171'], dns: undefined });
  expect(balance).toMatchObject({
    strategy: 'least-pending',
    retry: 'unsent',
    attemptsMax: 3,
    attemptTimeoutMs: 10_000,
  });
});

test.each([
  ['https://r1/rollcall', 'https://r1/rollcall'],
  ['https://r1:8443/a/b//', 'https://r1:8443/a/b'],
  ['http://r1/apis', 'http://r1/apis'],
])('%s, behind a proxy, is %s', (registry, address) => {
  expect(resolveOptions({ registry }).addresses).toEqual([address]);
});

test('one address and one server may be given without a list', () => {
  const { addresses, dns } = resolveOptions({ registry: 'https://r1/', dns: { servers: '127.0.0.1:53' } });
  expect({ addresses, dns }).toEqual({ addresses: ['https://r1'], dns: { servers: ['127.0.0.1:53'], origin: 'svc.' } });
});

test.each<[ClientOptions, string]>([
  [{ registry: [] }, 'registry must name at least one address, received an empty list'],
  [{ registry: 'r1:7171' }, 'registry must be http or https URLs like http://127.0.0.1:7171, received r1:7171'],
  [
    { registry: 'http://r1/api' },
    'registry must end before the path of the API, as http://r1 or http://r1/prefix, received http://r1/api',
  ],
  [
    { registry: 'http://r1/x?y' },
    'registry must end before the path of the API, as http://r1 or http://r1/prefix, received http://r1/x?y',
  ],
  [
    { registry: 'http://me:secret@r1' },
    'registry must not hold a user or password; put the token into token, received r1',
  ],
  [{ token: 'a b' }, 'token must be 1 to 512 printable ASCII characters without blanks, received something else'],
  [
    { strategy: 'best' as 'random' },
    'strategy must be one of round-robin, random, weighted, least-pending, hash, received best',
  ],
  [{ retry: 'maybe' as 'never' }, 'retry must be unsent, always or never, received maybe'],
  [{ attemptsMax: 0 }, 'attemptsMax must be a number of at least 1, received 0'],
  [{ attemptTimeoutMs: Number.NaN }, 'attemptTimeoutMs must be a number of at least 1, received NaN'],
  [{ breaker: { failures: 0 } }, 'breaker.failures must be a number of at least 1, received 0'],
  [{ breaker: { halfOpenAfterMs: -1 } }, 'breaker.halfOpenAfterMs must be a number of at least 1, received -1'],
  [{ retryBudget: { ratio: -1 } }, 'retryBudget.ratio must be a number of at least 0, received -1'],
  [{ retryBudget: { perSecond: -1 } }, 'retryBudget.perSecond must be a number of at least 0, received -1'],
  [{ readyTimeoutMs: -1 }, 'readyTimeoutMs must be a number of at least 0, received -1'],
  [{ requestTimeoutMs: 0 }, 'requestTimeoutMs must be a number of at least 1, received 0'],
])('%j is refused', (options, message) => {
  expect(() => resolveOptions(options)).toThrow(`Cannot make a client: ${message}`);
});

test('options that are undefined have their defaults, such as a token from an environment without one', () => {
  const { NO_SUCH_VARIABLE: token } = process.env;
  expect(resolveOptions({ token, registry: undefined, breaker: undefined })).toEqual(
    expect.objectContaining({ token: undefined, addresses: ['http://127.0.0.1:7171'] }),
  );
});

test.each(['', 'orders', 'prod/', 'prod/orders/1', 'prod/or ders'])('%j is no app', (app) => {
  expect(() => appOf(app)).toThrow(`Cannot make a client: app must have the form env/appid, received ${app}`);
});

test('a client follows an app once, at most 256 of them, and nothing when it is closed', async () => {
  const scheduler = new FakeScheduler();
  const { fetch } = fakeFetch(() => 'refused');
  const client = new RollcallClient({ fetch, scheduler });
  const first = client.discover('prod/orders');
  expect(client.discover('prod/orders')).toBe(first);
  expect(client.discover('prod/orders', { port: 'http' })).not.toBe(first);
  await first.close();
  expect(client.discover('prod/orders')).not.toBe(first);
  for (let index = 2; index < 256; index++) client.discover(`prod/app-${index}`);
  expect(() => client.discover('prod/more')).toThrow(expect.objectContaining({ code: 'limit-reached' }));
  await client.close();
  expect(() => client.discover('prod/orders')).toThrow(expect.objectContaining({ code: 'closed' }));
  expect(() => client.register({ env: 'prod', appid: 'orders', addrs: ['http://10.0.0.7:80'] })).toThrow(
    expect.objectContaining({ code: 'closed' }),
  );
  await expect(client.call('prod/orders', async () => 1)).rejects.toMatchObject({ code: 'closed' });
  expect(scheduler.waiting).toBe(0);
});
