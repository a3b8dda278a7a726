// Every recorded request of real Consul clients gets an answer that differs from the real server's in ids, times and
// indexes, and in the deviations that are listed here. A request that names an index of the recording gets the one that we
// have given for it.

import type { InjectOptions } from 'fastify';
import { afterEach, expect, test, vi } from 'vitest';
import { hostLabel } from '../../../../src/runtime/host-label.ts';
import { type Exchange, exchangesOf, transcripts } from '../../../kit/adapters/transcript.ts';
import { createWorld, type World } from '../../../kit/http/http-world.ts';

/** Recording and number: what we answer instead, and why. */
const deviations: Readonly<Record<string, number>> = {
  // DNS has no port 70000; so there is nothing to deregister.
  'consul-raw 5': 400,
  'consul-raw 56': 404,
};

/** What came from outside the recording before it: a service was removed. */
const removedBefore: Readonly<Record<string, string>> = { 'consul-spring 68': 'sx-1', 'consul-spring 108': 'sx-2' };

/** Of a server and not of what is registered. */
const passedOver: ReadonlySet<string> = new Set([
  'CreateIndex',
  'ModifyIndex',
  'ContentHash',
  // Of the node.
  'ID',
  'Node',
  'NodeID',
  'NodeName',
  'Name',
  'Address',
  'TaggedAddresses',
  'Meta',
  'NodeMeta',
  // Of a member, and of the service that is the server.
  'Port',
  'Tags',
]);

afterEach(() => {
  vi.restoreAllMocks();
});

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What of a document is compared: lists by what identifies their members, null as empty, zero as absent. */
function comparable(value: unknown, inside = ''): unknown {
  if (Array.isArray(value)) {
    const known = value.filter((one) => !(isObject(one) && one['ID'] === 'u1'));
    const all = known.map((one) => comparable(one, inside));
    return all.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value === 'string') return /^127\.0\.0\.1:\d+$/.test(value) ? 'an endpoint' : value;
  if (!isObject(value)) return value;
  const isNode =
    inside === 'Node' ||
    (Object.hasOwn(value, 'Datacenter') && Object.hasOwn(value, 'Node')) ||
    Object.hasOwn(value, 'ProtocolMin') ||
    value['Service'] === 'consul';
  const entries = Object.entries(value)
    .filter(([name]) => !passedOver.has(name) || (!isNode && !name.endsWith('Index') && name !== 'ContentHash'))
    .filter(([name]) => name !== 'Node' || isObject(value['Node']))
    // Its port is not one of DNS.
    .filter(([name]) => name !== 'u1' && name !== 'UPPER')
    .filter(([, one]) => one !== null && one !== 0 && !(isObject(one) && Object.keys(one).length === 0))
    .filter(([, one]) => !(Array.isArray(one) && one.length === 0))
    .map(([name, one]) => [name, comparable(one, name)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The recorder cut long bodies. */
function isCut(text: string): boolean {
  return text.endsWith('characters]');
}

interface Replayed {
  readonly exchange: Exchange;
  readonly faults: readonly unknown[];
}

type Reply = Awaited<ReturnType<World['app']['inject']>>;

/** Turns of the event loop in which a call that does not wait is answered. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function replay(name: string): Promise<readonly Replayed[]> {
  // Nothing is added to a wait.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const world = createWorld({ deps: { adapters: { names: ['consul'], env: 'dc1' } } });
  const exchanges = exchangesOf(name);
  const indexes = new Map<string, string>();
  const replayed: Replayed[] = [];
  const waiting: Promise<void>[] = [];
  const start = exchanges[0]?.atMs ?? 0;
  let passedMs = 0;
  for (const exchange of exchanges) {
    const { request, reply: recorded } = exchange;
    world.clock.advance(exchange.atMs - start - passedMs);
    world.timers.pass(exchange.atMs - start - passedMs);
    await turns();
    passedMs = exchange.atMs - start;
    const { host: _host, 'content-length': _length, ...headers } = request.headers;
    const url = request.url
      .replace(/index=(\d+)/, (_whole, index: string) => `index=${indexes.get(index) ?? index}`)
      .replace('testnode', hostLabel());
    const removed = removedBefore[`${name} ${exchange.number}`];
    if (removed !== undefined)
      await world.app.inject({ method: 'PUT', url: `/v1/agent/service/deregister/${removed}` });
    const payload = request.body === '' ? {} : { payload: request.body };
    const answered = world.app
      .inject({ method: request.method, url, headers, ...payload } as InjectOptions)
      .then((reply) => {
        const { 'x-consul-index': index } = recorded.headers;
        if (index !== undefined) indexes.set(index, String(reply.headers['x-consul-index']));
        replayed.push({ exchange, faults: faultsOf(name, exchange, reply) });
      });
    waiting.push(answered);
    await turns();
  }
  // What still waits has nothing more to wait for.
  world.timers.pass(11 * 60_000);
  await Promise.all(waiting);
  return replayed;
}

function faultsOf(name: string, exchange: Exchange, reply: Reply): unknown[] {
  const { status: recorded } = exchange.reply;
  const status = deviations[`${name} ${exchange.number}`] ?? recorded;
  if (reply.statusCode !== status) return [{ status: recorded, ours: reply.statusCode, body: reply.body }];
  return status === recorded ? differences(exchange, reply) : [];
}

function differences({ request, reply: recorded }: Exchange, ours: Reply): unknown[] {
  const faults: unknown[] = [];
  for (const header of ['content-type', 'allow', 'x-consul-effective-consistency', 'x-consul-reason']) {
    const own = String(ours.headers[header]).replace('json; charset=utf-8', 'json');
    if (recorded.headers[header] !== undefined && recorded.headers[header] !== own)
      faults.push({ header, recorded: recorded.headers[header], ours: ours.headers[header] });
  }
  if (recorded.headers['x-consul-index'] !== undefined && !/^[1-9]\d*$/.test(String(ours.headers['x-consul-index'])))
    faults.push({ index: ours.headers['x-consul-index'] });
  if (isCut(recorded.body)) return faults;
  if (recorded.headers['content-type'] !== 'application/json') {
    const isSame = recorded.body === ours.body || recorded.body.startsWith('Request decode failed: invalid character');
    return isSame ? faults : [...faults, { recorded: recorded.body, ours: ours.body }];
  }
  const [theirs, mine] = [comparable(JSON.parse(recorded.body)), comparable(JSON.parse(ours.body))];
  // The catalog there learns late that an output is empty again, and so do we; the agent there does not.
  const isAgent = request.url.startsWith('/v1/agent/health/');
  const found = pathsOfDifference(theirs, mine).filter((path) => !isAgent || !path.includes('.Output: ""'));
  return [...faults, ...found];
}

/** Where two documents differ, and how. */
function pathsOfDifference(theirs: unknown, mine: unknown, path = ''): string[] {
  if (isObject(theirs) && isObject(mine)) {
    const names = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
    return names.flatMap((name) => pathsOfDifference(theirs[name], mine[name], `${path}.${name}`));
  }
  if (Array.isArray(theirs) && Array.isArray(mine) && theirs.length === mine.length)
    return theirs.flatMap((one, at) => pathsOfDifference(one, mine[at], `${path}[${at}]`));
  const texts = [theirs, mine].map((one) => JSON.stringify(one));
  return texts[0] === texts[1] ? [] : [`${path}: ${texts.join(' is here ')}`];
}

test.each(transcripts('consul'))('%s', async (name) => {
  const replayed = await replay(name);
  expect(replayed.length).toBeGreaterThan(10);
  const wrong = replayed
    .filter(({ faults }) => faults.length > 0)
    .map(({ exchange: { number, request }, faults }) => ({ number, call: `${request.method} ${request.url}`, faults }));
  expect(wrong).toEqual([]);
});
