// The description of the API, held against the API: schemas describe, parsers judge, and they must not disagree.

import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { describe, expect, test } from 'vitest';
import * as schemas from '../../../src/http/api/schemas.ts';
import { cancelReply } from '../../../src/http/api/stop-schemas.ts';
import { parseRegistration, registrationToJson } from '../../../src/model/instance.ts';
import { createWorld, type Json } from '../../kit/http/http-world.ts';

const addrs = ['http://10.0.0.7:8080'];
const defaults = { leaseSeconds: 90, dnsTtl: 5 };

describe('the body of a registration', () => {
  test('has the fields of a registration, and dirtyAt', () => {
    const registration = parseRegistration({ addrs }, defaults);
    if (Array.isArray(registration)) throw new Error('the example is wrong');
    const fields = Object.keys(registrationToJson(registration)).sort();
    expect(Object.keys(schemas.registrationBody.properties).sort()).toEqual([...fields, 'dirtyAt'].sort());
    expect(Object.keys(schemas.patchBody.properties).sort()).toEqual(fields);
  });

  test.each<[fields: Json, isRight: boolean]>([
    [{}, true],
    [{ version: '1', zone: 'z', group: 'g', tags: ['t'], metadata: { a: 'b' } }, true],
    [{ weight: 0, priority: 65_535, status: 'waiting', leaseSeconds: 5, dnsTtl: 0 }, true],
    [{ status: 2, leaseSeconds: 86_400, dnsTtl: 3600 }, true],
    [{ addrs: [] }, false],
    [{ addrs: 'http://10.0.0.7:80' }, false],
    [{ addrs: ['nonsense'] }, false],
    [{ addrs: undefined }, false],
    [{ version: 'v'.repeat(64) }, false],
    [{ version: 1 }, false],
    [{ tags: [''] }, false],
    [{ tags: Array.from({ length: 33 }, (_, i) => `t${i}`) }, false],
    [{ weight: -1 }, false],
    [{ weight: 65_536 }, false],
    [{ weight: 1.5 }, false],
    [{ priority: '0' }, false],
    [{ status: 'down' }, false],
    [{ status: 3 }, false],
    [{ metadata: { a: 1 } }, false],
    [{ metadata: [] }, false],
    [{ leaseSeconds: 4 }, false],
    [{ leaseSeconds: 86_401 }, false],
    [{ dnsTtl: 3601 }, false],
    [{ other: 1 }, false],
    [{ checks: [{ type: 'http', path: '/up', status: '200', body: 'ok', host: 'a.b', intervalSeconds: 5 }] }, true],
    [
      {
        checks: [
          { type: 'tcp', timeoutSeconds: 0.5 },
          { type: 'grpc', service: 's', failures: 1, port: 'http' },
        ],
      },
      true,
    ],
    [{ checks: [{ type: 'dns', name: 'a.', port: 'http', successes: 100 }] }, true],
    [{ checks: {} }, false],
    [{ checks: [{ type: 'icmp' }] }, false],
    [{ checks: [{ type: 'tcp', path: '/' }] }, false],
    [{ checks: [{ type: 'dns' }] }, false],
    [{ checks: [{ type: 'tcp', intervalSeconds: 0 }] }, false],
    [{ checks: [{ type: 'tcp', failures: 101 }] }, false],
    [{ checks: Array.from({ length: 9 }, () => ({ type: 'tcp' })) }, false],
  ])('%j: schema and parser agree that it is right: %s', (fields, isRight) => {
    const body = JSON.parse(JSON.stringify({ addrs, ...fields })) as unknown;
    expect(Value.Check(schemas.registrationBody, body)).toBe(isRight);
    expect(!Array.isArray(parseRegistration(body, defaults))).toBe(isRight);
  });
});

describe('replies', () => {
  test('match their description', async () => {
    const { call, register } = createWorld();
    const check = (schema: TSchema, value: unknown) => {
      expect([...Value.Errors(schema, value)]).toEqual([]);
    };
    check(schemas.registrationReply, (await register('prod/orders/a1', { metadata: { a: 'b' } })).json());
    check(schemas.registrationReply, (await register('prod/orders/a2', { status: 'waiting' })).json());
    check(schemas.instanceReply, (await call('GET', '/apps/prod/orders/a1')).json());
    check(schemas.instanceReply, (await call('PATCH', '/apps/prod/orders/a1', { weight: 1 })).json());
    check(schemas.renewReply, (await call('PUT', '/apps/prod/orders/a1/renew')).json());
    const instances = [
      { env: 'prod', appid: 'orders', instance: 'a1' },
      { env: 'prod', appid: 'a_b', instance: 'x' },
    ];
    check(schemas.renewManyBody, { instances: instances.slice(0, 1) });
    check(schemas.renewManyReply, (await call('POST', '/renew', { instances })).json());
    check(schemas.appReply, (await call('GET', '/apps/prod/orders')).json());
    check(schemas.catalogueReply, (await call('GET', '/apps?limit=1')).json());
    check(schemas.resolveReply, (await call('GET', '/resolve?name=orders.prod.svc')).json());
    check(cancelReply, (await call('DELETE', '/apps/prod/orders/a1')).json());
    check(schemas.problemReply, (await call('DELETE', '/apps/prod/orders/a1')).json());
    check(schemas.problemReply, (await call('PUT', '/apps/prod/orders/a1', { addrs: [], weight: 'x' })).json());
  });

  test('have no member that the description keeps silent about', async () => {
    const hidden = [{ name: 'orders.prod.svc.', types: ['A'], by: 'records' as const, zone: 'svc.' }];
    const { register } = createWorld({ deps: { hiddenNames: () => hidden } });
    const reply = (await register('prod/orders/a1')).json() as Json;
    // Instances registered a moment ago are no suspects, and others are not shown as such.
    // … nor is what was just registered overridden, nor has it what another registry's front keeps.
    // … nor is there a cluster.
    const rare = ['suspect', 'override', 'fronts', 'replicated'];
    const described = Object.keys(schemas.registrationReply.properties).filter((field) => !rare.includes(field));
    const ofChecked = ['checks', 'health'];
    expect(Object.keys(reply).sort()).toEqual(described.filter((field) => !ofChecked.includes(field)).sort());

    const checked = (await register('prod/orders/a2', { checks: [{ type: 'tcp' }] })).json() as Json;
    const ofRenewing = ['renewBefore', 'renewEverySeconds', 'renewWith'];
    expect(Object.keys(checked).sort()).toEqual(described.filter((field) => !ofRenewing.includes(field)).sort());
    expect([...Value.Errors(schemas.registrationReply, checked)]).toEqual([]);
  });
});

describe('/openapi.json', () => {
  test('is OpenAPI 3.1 and lists every call with a summary', async () => {
    const { app } = createWorld();
    const description = (await app.inject('/openapi.json')).json() as {
      openapi: string;
      paths: Record<string, Record<string, Json>>;
    };
    expect(description.openapi).toBe('3.1.0');
    const calls = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(calls.sort()).toEqual([
      'delete /api/v1/apps/{env}/{appid}/{instance}',
      'get /api/v1/apps',
      'get /api/v1/apps/{env}',
      'get /api/v1/apps/{env}/{appid}',
      'get /api/v1/apps/{env}/{appid}/{instance}',
      'get /api/v1/events',
      'get /api/v1/export',
      'get /api/v1/guard',
      'get /api/v1/queries',
      'get /api/v1/queries/unasked',
      'get /api/v1/refusals',
      'get /api/v1/resolve',
      'get /api/v1/watch',
      'get /api/v1/whoami',
      'get /api/v1/zones',
      'get /healthz',
      'get /metrics',
      'get /readyz',
      'patch /api/v1/apps/{env}/{appid}/{instance}',
      'post /api/v1/apps/{env}/{appid}/{instance}/drain',
      'post /api/v1/apps/{env}/{appid}/{instance}/up',
      'post /api/v1/import',
      'post /api/v1/renew',
      'post /api/v1/restore',
      'put /api/v1/apps/{env}/{appid}/{instance}',
      'put /api/v1/apps/{env}/{appid}/{instance}/renew',
    ]);
    for (const methods of Object.values(description.paths)) {
      for (const call of Object.values(methods)) expect(call['summary']).toBeTruthy();
    }
  });
});
