// A registry with Nacos's HTTP API, and calls as its clients of 1.x send them.

import type { InjectOptions } from 'fastify';
import { createWorld, type Json, type WorldOptions } from '../http/http-world.ts';
import { keyOf } from '../registry/harness.ts';

export function createNacosWorld(options: WorldOptions = {}) {
  const adapters = { names: ['nacos', 'eureka'] as const, env: 'prod' };
  const found = createWorld({ ...options, deps: { adapters, ...options.deps } });
  const send = (method: string, path: string, parameters: Record<string, string | number> = {}, form = false) => {
    const text = new URLSearchParams(Object.entries(parameters).map(([key, value]) => [key, String(value)])).toString();
    const url = `/nacos${path}${form || text === '' ? '' : `?${text}`}`;
    return found.app.inject({ method, url, ...(form ? { payload: text } : {}) } as InjectOptions);
  };
  const given = { serviceName: 'web', ip: '10.0.0.7', port: 8080 };
  const post = (fields: Record<string, string | number> = {}) =>
    send('POST', '/v1/ns/instance', { ...given, ...fields });
  const beat = (fields: Record<string, string | number> = {}) =>
    send('PUT', '/v1/ns/instance/beat', { serviceName: 'web', ...fields });
  const list = async (fields: Record<string, string | number> = {}) =>
    (await send('GET', '/v1/ns/instance/list', { serviceName: 'web', ...fields })).json() as Json & { hosts: Json[] };
  const stored = (id = '10.0.0.7#8080#DEFAULT#DEFAULT_GROUP@@web', app = 'web.prod') =>
    found.registry.find({ ...keyOf(`${app}/x`), instance: id })?.instance;
  const pass = (ms: number) => {
    found.clock.advance(ms);
    found.registry.evictExpired(100);
  };
  return { ...found, send, post, beat, list, stored, pass, given };
}
