// Registering over HTTP: what a client gets when it calls in, calls again, and calls too late.

import { describe, expect, test } from 'vitest';
import { createWorld, type Json, problemOf, tagOf } from '../../kit/http/http-world.ts';

const fields = {
  addrs: ['http://10.0.0.7:8080', 'grpc://10.0.0.7:9090'],
  version: '1.4.2',
  zone: 'eu-1a',
  group: 'blue',
  tags: ['canary'],
  weight: 20,
  priority: 1,
  status: 'up',
  metadata: { team: 'payments' },
  leaseSeconds: 30,
  dnsTtl: 2,
};

describe('a first registration', () => {
  test('is created, and the reply shows the instance and every next step', async () => {
    const { call } = createWorld();
    const reply = await call('PUT', '/apps/prod/com.acme.pay/pay-1', fields);
    expect(reply.statusCode).toBe(201);
    expect(reply.headers['location']).toBe('/api/v1/apps/prod/com.acme.pay/pay-1');
    expect(reply.headers['etag']).toBe(tagOf(101));
    expect(reply.json()).toEqual({
      env: 'prod',
      appid: 'com.acme.pay',
      instance: 'pay-1',
      label: 'pay-1',
      ...fields,
      registeredAt: '2026-01-01T00:00:00.000Z',
      upAt: '2026-01-01T00:00:00.000Z',
      renewedAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      dirtyAt: '2026-01-01T00:00:00.000Z',
      leaseEndsAt: '2026-01-01T00:00:30.000Z',
      revision: 101,
      outcome: 'created',
      dnsNames: [
        'com.acme.pay.prod.svc.',
        '_http._tcp.com.acme.pay.prod.svc.',
        '_grpc._tcp.com.acme.pay.prod.svc.',
        'pay-1.com.acme.pay.prod.svc.',
      ],
      renewBefore: '2026-01-01T00:00:30.000Z',
      renewEverySeconds: 10,
      renewWith: "curl -fsS -X PUT 'http://localhost:80/api/v1/apps/prod/com.acme.pay/pay-1/renew'",
    });
  });

  test.each([
    [['pg://db.example:5432'], ['_pg._tcp.orders.prod.svc.']],
    [
      ['pg://db.example:5432', 'http://10.0.0.7:80'],
      ['orders.prod.svc.', '_pg._tcp.orders.prod.svc.', '_http._tcp.orders.prod.svc.', 'a1.orders.prod.svc.'],
    ],
  ])('at %s promises names with addresses where there are any: %s', async (addrs, names) => {
    const { register } = createWorld();
    const document = (await register('prod/orders/a1', { addrs })).json() as Json;
    expect(document['dnsNames']).toEqual(names);
    expect(document).not.toHaveProperty('hidden');
  });

  test('has what a zone file hides of it, and does not list that among its DNS names', async () => {
    const at = (name: string, ...types: string[]) => ({ name, types, by: 'records' as const, zone: 'svc.' });
    const hidden = [at('orders.prod.svc.', 'A', 'TXT'), at('_http._tcp.orders.prod.svc.', 'SRV')];
    const { register } = createWorld({ deps: { hiddenNames: () => hidden } });
    const document = (await register('prod/orders/a1')).json() as Json;
    expect(document['hidden']).toEqual(hidden);
    expect(document['dnsNames']).toEqual(['a1.orders.prod.svc.']);
    const mixed = await register('prod/orders/a1', { addrs: ['http://10.0.0.7:80', 'http://[2001:db8::1]:80'] });
    expect(mixed.json()['dnsNames']).toEqual(['orders.prod.svc.', 'a1.orders.prod.svc.']);
  });

  test('needs nothing but an address; an instance that waits has not been up', async () => {
    const { register } = createWorld();
    const reply = await register('prod/orders/a1', { status: 'waiting' });
    expect(reply.json()).toMatchObject({
      status: 'waiting',
      upAt: null,
      weight: 10,
      priority: 0,
      leaseSeconds: 90,
      dnsTtl: 5,
    });
  });

  test('knows the status by number too, and names in any case', async () => {
    const { register } = createWorld();
    const reply = await register('PROD/Orders/A1', { status: 2 });
    expect(reply.json()).toMatchObject({
      env: 'prod',
      appid: 'orders',
      instance: 'A1',
      label: 'a1',
      status: 'waiting',
    });
  });

  test('is answered when it has been written down, and not before', async () => {
    const written = Promise.withResolvers<void>();
    const { register, registry } = createWorld({ control: { durable: () => written.promise } });
    let isAnswered = false;
    const answered = register('prod/orders/a1').then((reply) => {
      isAnswered = true;
      return reply;
    });
    await expect.poll(() => registry.instanceCount).toBe(1);
    // Turns in which a reply that did not wait would have come.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAnswered).toBe(false);
    written.resolve();
    expect((await answered).statusCode).toBe(201);
  });

  test('that cannot be written down is a 503, and an error in the log', async () => {
    const { register, log } = createWorld({ control: { durable: () => Promise.reject(new Error('disk full')) } });
    const reply = await register('prod/orders/a1');
    expect(reply.statusCode).toBe(503);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:not-durable');
    expect(problemOf(reply).detail).not.toContain('disk full');
    expect(log.at(-1)).toMatchObject({ level: 50, err: { message: 'disk full' } });
  });
});

describe('ids', () => {
  test.each([
    ['10.0.0.7%3A8080', '10.0.0.7:8080'],
    ['10.0.0.7:8080', '10.0.0.7:8080'],
    ['a%2Fb%2525%20c', 'a/b%25 c'],
    ['caf%C3%A9', 'café'],
    ['%E2%82%AC'.repeat(84), '€'.repeat(84)],
    ['x'.repeat(253), 'x'.repeat(253)],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['renew', 'renew'],
    ["it's%20%24HOME%60id%60", "it's $HOME`id`"],
  ])('%s is the instance %s, and every path in the replies leads back to it', async (path, instance) => {
    const { call, register, app, registry } = createWorld();
    const reply = await register(`prod/orders/${path}`);
    expect(reply.statusCode).toBe(201);
    expect(reply.json()).toMatchObject({ instance });
    expect((await app.inject(reply.headers['location'] as string)).json()).toMatchObject({ instance });
    // The command's only quotes are the ones around a URL that holds nothing a shell would read.
    const [, url] = /^curl -fsS -X PUT '(http:[A-Za-z0-9:/._~%-]+)'$/.exec(reply.json()['renewWith']) ?? [];
    const renewal = await app.inject({ method: 'PUT', url: new URL(url as string).pathname });
    expect(renewal.statusCode).toBe(200);
    expect((await call('DELETE', `/apps/prod/orders/${path}`)).statusCode).toBe(200);
    expect(registry.instanceCount).toBe(0);
  });
});

describe('the renewal command', () => {
  test('calls the host that the client called', async () => {
    const { register, call } = createWorld({ deps: { isOpen: true } });
    await register('prod/orders/a1');
    const body = { addrs: ['http://10.0.0.7:8080'] };
    const reply = await call('PUT', '/apps/prod/orders/a1', body, { host: 'rollcall.example:7171' });
    expect(reply.json()['renewWith']).toBe(
      "curl -fsS -X PUT 'http://rollcall.example:7171/api/v1/apps/prod/orders/a1/renew'",
    );
    const v6 = await call('PUT', '/apps/prod/orders/a1', body, { host: '[::1]:7171' });
    expect(v6.json()['renewWith']).toContain("'http://[::1]:7171/");
  });

  test('lets the shell put the token in, and never shows it', async () => {
    const token = 'correct-horse-battery';
    const { call } = createWorld({ deps: { tokens: [{ name: 'ci', token }] } });
    const headers = { authorization: `Bearer ${token}`, host: "evil'; rm -rf ~" };
    const reply = await call('PUT', '/apps/prod/orders/a1', { addrs: ['http://10.0.0.7:8080'] }, headers);
    expect(reply.json()['renewWith']).toBe(
      'curl -fsS -X PUT -H "authorization: Bearer $ROLLCALL_TOKEN" \'http://localhost:80/api/v1/apps/prod/orders/a1/renew\'',
    );
    expect(reply.body).not.toContain(token);
  });
});

describe('a second registration', () => {
  test('with other words replaces: same upAt, new revision', async () => {
    const { register, clock } = createWorld();
    await register('prod/orders/a1');
    clock.advance(1000);
    const reply = await register('prod/orders/a1', { version: '2' });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['location']).toBeUndefined();
    expect(reply.json()).toMatchObject({
      outcome: 'replaced',
      version: '2',
      upAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:01.000Z',
      revision: 102,
    });
  });

  test('with the same words is unchanged and renews the lease', async () => {
    const { register, clock, registry } = createWorld();
    await register('prod/orders/a1');
    clock.advance(60_000);
    const reply = await register('prod/orders/a1');
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({
      outcome: 'unchanged',
      revision: 101,
      leaseEndsAt: '2026-01-01T00:02:30.000Z',
    });
    expect(registry.revision).toBe(101);
  });

  test('that is older than the stored one leaves it in place', async () => {
    const { register, clock } = createWorld();
    const at = clock.wallMs();
    await register('prod/orders/a1', { version: '2', dirtyAt: at });
    const reply = await register('prod/orders/a1', { version: '1', dirtyAt: at - 1 });
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({ outcome: 'outdated', version: '2', revision: 101 });
  });

  test('in another spelling is a conflict that names the first', async () => {
    const { register, registry } = createWorld();
    await register('prod/orders/Pay-1');
    const reply = await register('prod/orders/pay-1');
    expect(reply.statusCode).toBe(409);
    expect(problemOf(reply)).toMatchObject({
      type: 'urn:rollcall:problem:conflict',
      detail: expect.stringContaining('Pay-1'),
    });
    expect(registry.revision).toBe(101);
  });

  test('with If-None-Match: * is refused, with the stored instance', async () => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1', { version: '1' });
    const body = { addrs: ['http://10.0.0.9:80'] };
    const reply = await call('PUT', '/apps/prod/orders/a1', body, { 'if-none-match': '*' });
    expect(reply.statusCode).toBe(412);
    expect(problemOf(reply)['stored']).toMatchObject({ instance: 'a1', version: '1', revision: 101 });
    expect(registry.revision).toBe(101);
    expect((await call('PUT', '/apps/prod/orders/a2', body, { 'if-none-match': '*' })).statusCode).toBe(201);
  });

  test('with If-Match replaces what the client has seen, and nothing else', async () => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    const body = { addrs: ['http://10.0.0.9:80'] };
    expect((await call('PUT', '/apps/prod/orders/a1', body, { 'if-match': '"99"' })).statusCode).toBe(412);
    expect((await call('PUT', '/apps/prod/orders/none', body, { 'if-match': '*' })).statusCode).toBe(412);
    expect(registry.revision).toBe(101);
    expect((await call('PUT', '/apps/prod/orders/a1', body, { 'if-match': '"101"' })).statusCode).toBe(200);
  });
});

describe('dirtyAt', () => {
  test.each([
    ['epoch milliseconds', Date.UTC(2026, 0, 1), '2026-01-01T00:00:00.000Z'],
    ['ISO 8601', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z'],
    ['another time zone', '2026-01-01T01:00:00.5+01:00', '2026-01-01T00:00:00.500Z'],
    ['a leap day', '2024-02-29T00:00Z', '2024-02-29T00:00:00.000Z'],
    ['a day ahead', '2026-01-02T00:00:00.000Z', '2026-01-02T00:00:00.000Z'],
  ])('is taken as %s', async (_what, dirtyAt, iso) => {
    const { register } = createWorld();
    expect((await register('prod/orders/a1', { dirtyAt })).json()).toMatchObject({ dirtyAt: iso });
  });

  test.each([
    ['more than a day ahead', '2026-01-02T00:00:00.001Z'],
    ['nanoseconds', 1_764_000_000_000_000_000],
    ['negative', -1],
    ['a fraction', 1.5],
    ['no date', '2026-02-30T00:00:00Z'],
    ['no zone', '2026-01-01T00:00:00'],
    ['a word', 'yesterday'],
    ['null', null],
    ['an object', {}],
  ])('is refused when it is %s', async (_what, dirtyAt) => {
    const { register, registry } = createWorld();
    const reply = await register('prod/orders/a1', { dirtyAt });
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toMatchObject([{ field: 'dirtyAt', pointer: '#/dirtyAt' }]);
    expect(registry.revision).toBe(100);
  });
});

describe('a full registry', () => {
  test('answers 507, warns the operator and keeps who is there', async () => {
    const { register, log, registry } = createWorld({ registry: { instancesMax: 2 } });
    await register('prod/orders/a1');
    await register('prod/orders/a2');
    const reply = await register('prod/orders/a3');
    expect(reply.statusCode).toBe(507);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:full');
    expect(log.at(-1)).toMatchObject({ level: 40, decision: 'refused', instance: 'a3' });
    expect(registry.instanceCount).toBe(2);
    expect((await register('prod/orders/a1')).statusCode).toBe(200);
  });
});

test('a name that a zone file has is a conflict with its reason', async () => {
  const isReserved = (name: string) => (name === 'ns1.prod' ? 'is a record of zones/svc.zone' : undefined);
  const { register } = createWorld({ registry: { isReserved } });
  const reply = await register('prod/ns1/a1');
  expect(reply.statusCode).toBe(409);
  expect(problemOf(reply)).toMatchObject({
    type: 'urn:rollcall:problem:conflict',
    detail: expect.stringContaining('zones/svc.zone'),
  });
});

test('prototype names are names like others', async () => {
  const { register, call } = createWorld();
  for (const appid of ['constructor', 'tostring', 'hasownproperty']) {
    expect((await register(`prod/${appid}/a1`, { metadata: { constructor: 'x' } })).statusCode).toBe(201);
  }
  const { apps } = (await call('GET', '/apps')).json() as { apps: Json[] };
  expect(apps).toHaveLength(3);
});
