// What is refused, in the original's words.

import { expect, test } from 'vitest';
import { call, consulWorld, put } from '../../../kit/adapters/consul-world.ts';

test.each([
  ['/health/service/web?dc=nope', 500, 'No path to datacenter'],
  ['/health/service/web?index=abc', 400, 'Invalid index'],
  ['/health/service/web?wait=xx', 400, 'Invalid wait time'],
  ['/health/service/web?stale&consistent', 400, 'Cannot specify ?stale with ?consistent, conflicting semantics.'],
  ['/health/state/bogus', 400, "Invalid check status: 'bogus'"],
  ['/agent/service/nobody', 404, 'unknown service ID: nobody'],
  ['/nothing', 404, 'Invalid URL path: not a recognized HTTP API endpoint'],
  ['/kv/a/b', 404, ''],
])('GET %s is %i', async (path, status, text) => {
  const world = consulWorld();
  const reply = await call(world, 'GET', path);
  expect([reply.statusCode, reply.body]).toEqual([status, text]);
});

test.each([
  ['/agent/service/register', '{"ID":"x"}', 400, 'Missing service name'],
  ['/agent/service/register', '{"Name":1}', 400, 'Request decode failed: json: cannot unmarshal number'],
  ['/agent/service/register', '{"Name":"x","Nope":1}', 400, 'Request decode failed: json: unknown field "Nope"'],
  ['/agent/service/register', '[1]', 400, 'Request decode failed: '],
  ['/agent/service/register', '\xff', 400, 'Request decode failed: '],
  ['/agent/service/register', `${'['.repeat(100)}`, 400, 'Request decode failed: '],
  ['/agent/service/register', '{"Name":"x","Address":"a b"}', 400, 'Invalid service: '],
  ['/agent/service/register', '{"Name":"...","Address":"10.0.0.1"}', 400, 'Invalid service name: '],
  ['/agent/service/register', '{"Name":"x","Port":70000}', 400, 'Invalid Port'],
  ['/agent/service/register', '{"Name":"x","Kind":"connect-proxy"}', 400, 'Invalid service: there is no service mesh'],
  ['/agent/service/register', '{"Name":"x","Weights":{"Passing":-1}}', 400, 'Invalid Weights'],
  ['/agent/service/register', '{"Name":"x","Check":{"Args":["sh"],"Interval":"1s"}}', 400, 'Scripts are disabled'],
  ['/agent/service/register', '{"Name":"x","Check":{"HTTP":"ftp://x/","Interval":"1s"}}', 400, 'Invalid check: '],
  [
    '/agent/service/register',
    '{"Name":"x","Check":{"HTTP":"http://x/","Interval":"1s","Method":"CONNECT"}}',
    400,
    'Invalid check: Method ',
  ],
  [
    '/agent/service/register',
    '{"Name":"x","Check":{"HTTP":"http://x/","Interval":"1s","Header":{"X":["a\\r\\nb"]}}}',
    400,
    'Invalid check: ',
  ],
  ['/agent/service/register', '{"Name":"x","Check":{"DockerContainerID":"x","Interval":"1s"}}', 400, 'Invalid check: '],
  [
    '/agent/service/register',
    '{"Name":"x","Check":{"TTL":"ten"}}',
    400,
    'Request decode failed: time: invalid duration',
  ],
  [
    '/agent/service/register',
    '{"Name":"x","Check":{"TTL":"10s","Status":"bogus"}}',
    400,
    "Invalid check status: 'bogus'",
  ],
  ['/agent/check/register', '{"Name":"x","TTL":"10s"}', 400, 'Invalid check: there are no checks of a node'],
  ['/agent/check/register', '{"Name":"x","TTL":"10s","ServiceID":"nobody"}', 404, 'Unknown service ID "nobody"'],
  ['/agent/check/update/nobody', '{"Status":"passing"}', 404, 'Unknown check ID "nobody"'],
  ['/agent/check/update/nobody', '', 400, 'Request decode failed: '],
  ['/agent/service/maintenance/nobody', undefined, 400, 'Missing value for enable'],
  ['/agent/service/maintenance/nobody?enable=perhaps', undefined, 400, 'Invalid value for enable: "perhaps"'],
  ['/agent/service/maintenance/nobody?enable=true', undefined, 404, 'Unknown service ID "nobody"'],
  ['/catalog/register', '{"Node":"x"}', 400, 'Must provide node and address'],
  ['/catalog/register', '{"Node":"x","Address":"10.0.0.1","Datacenter":"other"}', 500, 'No path to datacenter'],
  ['/catalog/deregister', '{}', 400, 'Must provide node'],
])('PUT %s of %j is %i', async (path, body, status, text) => {
  const world = consulWorld();
  const reply = await put(world, path, body);
  expect([reply.statusCode, reply.body.slice(0, text.length)]).toEqual([status, text]);
  expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
});

test('another method than the one of a call is refused with those that it takes', async () => {
  const reply = await call(consulWorld(), 'DELETE', '/catalog/services');
  expect([reply.statusCode, reply.headers['allow'], reply.body]).toEqual([
    405,
    'OPTIONS,GET',
    'method DELETE not allowed',
  ]);
});
