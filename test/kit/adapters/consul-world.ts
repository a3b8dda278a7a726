// A registry behind Consul's API alone, with calls as its clients send them.

import type { InjectOptions } from 'fastify';
import { expect } from 'vitest';
import { createWorld, type Json, type Reply, type World, type WorldOptions } from '../http/http-world.ts';

export function consulWorld(options: WorldOptions = {}): World {
  return createWorld({ ...options, deps: { adapters: { names: ['consul'], env: 'prod' }, ...options.deps } });
}

export type Headers = Record<string, string>;

export function call(
  world: World,
  method: string,
  path: string,
  body?: unknown,
  headers: Headers = {},
): Promise<Reply> {
  const payload = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  return world.app.inject({ method, url: `/v1${path}`, headers: { ...type, ...headers }, ...payload } as InjectOptions);
}

export const get = async <T = unknown>(world: World, path: string): Promise<T> =>
  (await call(world, 'GET', path)).json() as T;
export const put = (world: World, path: string, body?: unknown): Promise<Reply> => call(world, 'PUT', path, body);

export async function register(world: World, fields: object): Promise<void> {
  const reply = await put(world, '/agent/service/register', {
    Name: 'web',
    Address: '10.0.0.7',
    Port: 8080,
    ...fields,
  });
  expect([reply.statusCode, reply.body]).toEqual([200, '']);
}

export interface Entry {
  readonly Node: Json;
  readonly Service: Json;
  readonly Checks: readonly { readonly CheckID: string; readonly Status: string; readonly Output: string }[];
}

export const health = (world: World, query = ''): Promise<readonly Entry[]> =>
  get(world, `/health/service/web${query}`);

export async function statusesOf(world: World): Promise<Record<string, string>> {
  const checks = await get<Record<string, { readonly Status: string }>>(world, '/agent/checks');
  return Object.fromEntries(Object.entries(checks).map(([id, { Status }]) => [id, Status]));
}

export const instanceOf = (world: World, id: string, appid = 'web') =>
  world.registry.find({ env: 'prod', appid, instance: id })?.instance;

export async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function pass(world: World, ms: number): void {
  world.clock.advance(ms);
  world.registry.evictExpired(100);
  world.timers.pass(ms);
}
