// Every recorded request of real Eureka clients gets an answer that differs from the real server's in times, in what its
// cache of 30 s had not seen yet, and in the deviations that are listed here.

import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { readXml } from '../../../../src/http/adapters/eureka/xml-reader.ts';
import { type Exchange, exchangesOf, transcripts } from '../../../kit/adapters/transcript.ts';
import { createWorld } from '../../../kit/http/http-world.ts';

type Json = Record<string, unknown>;

/** Of the time when all was recorded, a little before. */
const recordedMs = 1_795_881_000_000;

/** Recording and number: what we answer instead, and why. */
const deviations: Readonly<Record<string, number>> = {
  // A body is read with any content type.
  'eureka-raw 7': 204,
  // It was registered by that.
  'eureka-raw 41': 200,
};

/** Times, what a cache shows late, and what differs by design. */
const passedOver: ReadonlySet<string> = new Set([
  'status',
  'overriddenStatus',
  'overriddenstatus',
  'actionType',
  'metadata',
  'lastUpdatedTimestamp',
  'lastDirtyTimestamp',
  'isCoordinatingDiscoveryServer',
]);

function instancesIn(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(instancesIn);
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Json;
  return typeof fields['hostName'] === 'string' ? [fields] : Object.values(fields).flatMap(instancesIn);
}

/** The recorder cut long bodies. */
function isCut(text: string): boolean {
  return !/[>}]$/.test(text);
}

/** The real server's cache still has an app whose last instance was cancelled. */
function isCachedApp({ request: { method, url } }: Exchange, ours: number, cancelled: ReadonlySet<string>): boolean {
  return method === 'GET' && ours === 404 && cancelled.has(url);
}

function bodyOf(contentType: string, text: string): unknown {
  if (contentType.includes('json')) return JSON.parse(text);
  const read = readXml(Buffer.from(text));
  return 'fault' in read ? read.fault : { [read.name]: read.value };
}

function comparable(instance: Json): Json {
  const lease = instance['leaseInfo'] as Json;
  const { durationInSecs, renewalIntervalInSecs } = lease;
  const kept = Object.entries(instance).filter(([name]) => !passedOver.has(name));
  return { ...Object.fromEntries(kept), leaseInfo: [String(durationInSecs), String(renewalIntervalInSecs)] };
}

/** Fields of the recorded answer that ours does not have, or has otherwise. */
function differences(recorded: unknown, ours: unknown): unknown[] {
  const known = new Map(instancesIn(ours).map((one) => [one['instanceId'] ?? one['hostName'], comparable(one)]));
  return instancesIn(recorded).flatMap((one) => {
    const mine = known.get(one['instanceId'] ?? one['hostName']);
    // The real server's cache still has it, or not yet.
    if (mine === undefined) return [];
    const theirs = comparable(one);
    return Object.entries(theirs).flatMap(([name, value]) =>
      JSON.stringify(mine[name]) === JSON.stringify(value) ? [] : [{ name, recorded: value, ours: mine[name] }],
    );
  });
}

function rootOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? Object.keys(value).join() : String(value);
}

async function replay(name: string) {
  const world = createWorld({ deps: { adapters: { names: ['eureka'], env: 'prod' } } });
  world.clock.stepWall(recordedMs - world.clock.wallMs());
  const answers: { readonly exchange: Exchange; readonly faults: unknown[] }[] = [];
  const start = exchangesOf(name)[0]?.atMs ?? 0;
  let passedMs = 0;
  const cancelled = new Set<string>();
  for (const exchange of exchangesOf(name)) {
    const { request, reply: recorded } = exchange;
    const { host: _host, 'content-length': _length, ...headers } = request.headers;
    world.clock.stepWall(exchange.atMs - start - passedMs);
    passedMs = exchange.atMs - start;
    const payload = request.body === '' ? {} : { payload: request.body };
    const options = { method: request.method, url: request.url, headers, ...payload } as InjectOptions;
    const reply = await world.app.inject(options);
    if (request.method === 'DELETE') cancelled.add(request.url.slice(0, request.url.lastIndexOf('/')));
    if (isCachedApp(exchange, reply.statusCode, cancelled)) continue;
    const status = deviations[`${name} ${exchange.number}`] ?? recorded.status;
    const faults: unknown[] = reply.statusCode === status ? [] : [{ status: recorded.status, ours: reply.statusCode }];
    const type = recorded.headers['content-type']?.split(';', 1)[0] ?? '';
    const isCompared =
      status === recorded.status && recorded.body !== '' && !isCut(recorded.body) && !request.url.endsWith('/status');
    if (isCompared && status < 400) {
      const ourType = String(reply.headers['content-type']).split(';', 1)[0];
      if (ourType !== type) faults.push({ type, ours: ourType });
      const [theirs, mine] = [bodyOf(type, recorded.body), bodyOf(type, reply.body)];
      if (rootOf(theirs) !== rootOf(mine)) faults.push({ root: rootOf(theirs), ours: rootOf(mine) });
      if (request.headers['x-eureka-accept'] === undefined) faults.push(...differences(theirs, mine));
    }
    answers.push({ exchange, faults });
  }
  return answers;
}

test.each(transcripts('eureka'))('%s', async (name) => {
  const answers = await replay(name);
  expect(answers.length).toBeGreaterThan(10);
  const wrong = answers
    .filter(({ faults }) => faults.length > 0)
    .map(({ exchange: { number, request }, faults }) => ({ number, call: `${request.method} ${request.url}`, faults }));
  expect(wrong).toEqual([]);
});
