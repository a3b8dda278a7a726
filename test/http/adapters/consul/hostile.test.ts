// Bodies, paths and queries that no client sends: every one is answered in plain text or JSON, and none by a mistake of ours.

import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { consulWorld } from '../../../kit/adapters/consul-world.ts';

const writes = [
  '/agent/service/register',
  '/agent/check/register',
  '/agent/check/update/service:web-1',
  '/catalog/register',
  '/catalog/deregister',
];
const reads = [
  '/agent/services',
  '/agent/service/web-1',
  '/agent/checks',
  '/agent/health/service/name/web',
  '/catalog/services',
  '/catalog/service/web',
  '/catalog/node/x',
  '/health/service/web',
  '/health/state/any',
  '/kv/x',
];

const name = fc.constantFrom('web', 'Web', 'a b', '', '.', 'x'.repeat(300), 'ü', '_', '../..', '\u0000');
const port = fc.oneof(fc.integer(), fc.constantFrom(0, 80, 65_536, 1.5, '80', null));
const address = fc.constantFrom('', '10.0.0.7', '::1', 'host.example', 'a b', '1.2.3', '[::1]', 'x'.repeat(600));
const duration = fc.constantFrom('10s', '', '0', '-1s', '1e9s', 'x', 5, null, {});
const check = fc.record(
  {
    ID: name,
    CheckID: name,
    Name: name,
    ServiceID: name,
    TTL: duration,
    HTTP: fc.constantFrom('http://10.0.0.7/', 'http://[::1]:1/x?y', 'x', 'file:///etc', '', 'http://a:b@c/'),
    TCP: fc.constantFrom('10.0.0.7:80', '', ':', 'x'),
    GRPC: fc.constantFrom('10.0.0.7:80/a b', '/x', ''),
    Interval: duration,
    Timeout: duration,
    Status: fc.constantFrom('passing', 'critical', 'x', '', null),
    Header: fc.constantFrom(null, {}, { Host: [] }, { Host: ['\n'] }, { X: ['y'] }, []),
    DeregisterCriticalServiceAfter: duration,
    FailuresBeforeCritical: fc.constantFrom(0, -1, 1e9),
    Output: fc.string(),
  },
  { requiredKeys: [] },
);
const service = fc.record(
  {
    ID: name,
    Name: name,
    Service: name,
    Tags: fc.oneof(fc.array(fc.string()), fc.constant(null), fc.constant('x')),
    Address: address,
    Port: port,
    Meta: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.constant(null), fc.constant({ __proto__: 'x' })),
    TaggedAddresses: fc.jsonValue(),
    Weights: fc.jsonValue(),
    Check: fc.oneof(check, fc.constant(null)),
    Checks: fc.oneof(fc.array(check, { maxLength: 3 }), fc.constant(null)),
  },
  { requiredKeys: [] },
);
const entry = fc.record(
  {
    Node: name,
    Address: address,
    ServiceID: name,
    CheckID: name,
    Service: service,
    Check: check,
    Checks: fc.array(check),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  service.map((one) => JSON.stringify(one)),
  check.map((one) => JSON.stringify(one)),
  entry.map((one) => JSON.stringify(one)),
  fc.jsonValue().map((one) => JSON.stringify(one)),
  fc.string(),
);
const parameter = fc.tuple(
  fc.constantFrom('index', 'wait', 'dc', 'tag', 'near', 'filter', 'passing', 'stale', 'node-meta', 'hash', 'note', 'x'),
  fc.oneof(fc.string(), fc.constantFrom('1', '0', '1s', '-1', '99999999999999999999', 'ID == "x"', 'a.b matches "(x"')),
);

test('every call is answered', async () => {
  const world = consulWorld({ waitingMax: 0 });
  await world.register('prod/web/web-1');
  const call = fc.record({
    method: fc.constantFrom('PUT', 'GET', 'POST', 'DELETE', 'OPTIONS'),
    path: fc.oneof(
      fc.constantFrom(...writes, ...reads),
      fc.string().map((text) => `/${encodeURIComponent(text)}`),
    ),
    query: fc.array(parameter, { maxLength: 3 }),
    payload: body,
  });
  await fc.assert(
    fc.asyncProperty(call, async ({ method, path, query, payload }) => {
      const asked = new URLSearchParams(query).toString();
      const sent = method === 'GET' ? {} : { payload };
      const reply = await world.app.inject({ method, url: `/v1${path}?${asked}`, ...sent } as InjectOptions);
      expect([reply.body.includes('urn:rollcall:problem:internal'), reply.statusCode < 600]).toEqual([false, true]);
    }),
    { numRuns: 3000 },
  );
  // It still answers, and its views can be read.
  for (const path of reads) {
    const { statusCode } = await world.app.inject({ method: 'GET', url: `/v1${path}` });
    expect([path, statusCode === 200 || statusCode === 404 || statusCode === 503]).toEqual([path, true]);
  }
  expect(world.log.filter((line) => line['msg'] === 'a request failed')).toEqual([]);
}, 60_000);
