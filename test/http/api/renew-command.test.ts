// The command to renew with: the address by which clients reach the server, also behind a proxy.

import { describe, expect, test } from 'vitest';
import { createWorld, type WorldOptions } from '../../kit/http/http-world.ts';

async function commandOf(deps: WorldOptions['deps'], headers: Record<string, string> = {}): Promise<string> {
  const { app } = createWorld({ deps: { isOpen: true, ...deps } });
  const reply = await app.inject({
    method: 'PUT',
    url: '/api/v1/apps/prod/orders/a1',
    payload: '{"addrs":["http://10.0.0.7:8080"]}',
    headers: { 'content-type': 'application/json', host: '10.0.0.1:7171', ...headers },
    remoteAddress: '10.0.0.200',
  });
  expect(reply.statusCode).toBe(201);
  return (reply.json() as { renewWith: string }).renewWith;
}

const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'registry.example.org' };

describe('renewWith', () => {
  test('has the host of the request', async () => {
    expect(await commandOf({})).toContain(" 'http://10.0.0.1:7171/api/v1/apps/prod/orders/a1/renew'");
  });

  test('has the public URL with its path where one is configured, for any Host', async () => {
    const deps = { publicUrl: 'https://registry.example.org/rollcall', trustedProxies: ['10.0.0.200'] };
    const command = await commandOf(deps, { ...forwarded, 'x-forwarded-host': 'other.example' });
    expect(command).toContain(" 'https://registry.example.org/rollcall/api/v1/apps/prod/orders/a1/renew'");
  });

  test('has the host and scheme from a trusted proxy', async () => {
    expect(await commandOf({ trustedProxies: ['10.0.0.0/24'] }, forwarded)).toContain(
      " 'https://registry.example.org/api/v1/apps/prod/orders/a1/renew'",
    );
  });

  test('takes no word of any other client', async () => {
    expect(await commandOf({ trustedProxies: ['192.0.2.1'] }, forwarded)).toContain(" 'http://10.0.0.1:7171/");
    expect(await commandOf({}, forwarded)).toContain(" 'http://10.0.0.1:7171/");
  });

  test('has the own address where a forwarded host is no plain one', async () => {
    const odd = { ...forwarded, 'x-forwarded-host': "a';rm -rf x" };
    expect(await commandOf({ trustedProxies: ['10.0.0.200'] }, odd)).not.toContain('rm -rf');
  });
});
