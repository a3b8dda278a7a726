// The calls that were sent by hand to a real Nacos, in their order, with its answers: ours differ in times, in what the recorder
// has cut, and in the deviations that are listed here. The recording has no forms, so they are written down here.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { createWorld, type Json } from '../../../kit/http/http-world.ts';

const file = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'transcripts', 'nacos-raw.txt');

interface Recorded {
  readonly status: number;
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

function recordedCalls(): readonly Recorded[] {
  const text = readFileSync(file, 'utf8').replaceAll('\r', '');
  const found = text.matchAll(/([\s\S]*?)\n {2}=> (\d{3}) (?:\S*) ?([A-Z]+) (\S+)\n/g);
  return Array.from(found, ([, body, status, method, path]) => ({
    body: (body as string).trim(),
    status: Number(status),
    method: method as string,
    path: path as string,
  }));
}

const raw = { serviceName: 'raw', port: '80' };
const beat = (fields: Json) => ({ beat: JSON.stringify({ port: 80, metadata: {}, ...fields }) });

/** Of the calls without a query, by their place. */
const forms: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  'POST /v1/ns/instance': [
    {},
    { serviceName: 'raw' },
    { ...raw, ip: '127.0.96.1', port: '70000' },
    { ...raw, ip: '127.0.96.1', port: 'abc' },
    { ...raw, ip: '127.0.96.1', weight: '0.5', metadata: 'k=v,k2=v2' },
    { ...raw, ip: '127.0.96.3', clusterName: 'c2' },
    { ...raw, ip: 'host.example', groupName: 'g3', namespaceId: 'prod' },
    { ...raw, ip: '127.0.96.4', serviceName: 'com.acme.Pay:1.0:grp' },
    { ...raw, ip: '127.0.96.1', metadata: '{bad' },
  ],
  'PUT /v1/ns/instance/beat?serviceName=DEFAULT_GROUP@@raw': [
    beat({ ip: '127.0.96.8', cluster: 'DEFAULT' }),
    beat({ ip: '127.0.96.3' }),
  ],
  'PUT /v1/ns/instance': [
    { ...raw, ip: '127.0.96.8', weight: '1' },
    { ...raw, ip: '127.0.96.99' },
  ],
  'POST /v1/auth/login': [{ username: 'a', password: 'b' }],
  'PUT /v2/ns/instance/beat': [{ serviceName: 'raw', ip: '127.0.96.1', port: '80' }],
};

/** `POST /v2/ns/instance` is there twice: with an instance, and with nothing. */
const secondVersion = [{ ...raw, ip: '127.0.96.5' }, {}];

/** Where ours is another status, and why. */
const deviations: Readonly<Record<string, number>> = {
  // A server that asks for no credentials lets anybody log in.
  'POST /v1/auth/login': 200,
};

function withoutTimes(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === 'lastRefTime' || key === 'timestamp') return undefined;
    return key === 'hosts' ? (value as Json[]).map((one) => one['ip']).sort() : value;
  });
}

test('nacos-raw', async () => {
  const { app } = createWorld({ deps: { adapters: { names: ['nacos'], env: 'public-env' } } });
  const places = new Map<string, number>();
  const calls = recordedCalls();
  expect(calls.length).toBeGreaterThan(35);
  for (const { method, path, status, body } of calls) {
    const call = `${method} ${path}`;
    const place = places.get(call) ?? 0;
    places.set(call, place + 1);
    const form = (call === 'POST /v2/ns/instance' ? secondVersion : (forms[call] ?? []))[place];
    const payload = form === undefined ? {} : { payload: new URLSearchParams(form).toString() };
    const reply = await app.inject({ method, url: `/nacos${path}`, ...payload } as InjectOptions);
    const where = [call, place];
    expect([where, reply.statusCode]).toEqual([where, deviations[call] ?? status]);
    // What the recorder has cut cannot be compared.
    if (deviations[call] !== undefined || (body.startsWith('{') && !body.endsWith('}'))) continue;
    if (body.startsWith('{')) expect([where, withoutTimes(reply.body)]).toEqual([where, withoutTimes(body)]);
    else expect([where, reply.body]).toEqual([where, body]);
  }
});
