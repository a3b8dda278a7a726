// Every recorded request of discovery's clients gets an answer that differs from the real server's in times and in the
// deviations that are listed here. Timestamps that a client echoes are replaced by those that we gave it.

import { setImmediate } from 'node:timers/promises';
import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { type Exchange, exchangesOf, transcripts } from '../../../kit/adapters/transcript.ts';
import { createWorld, type Reply } from '../../../kit/http/http-world.ts';

type Json = Record<string, unknown>;

/** Recording and number: the code that we give instead of the real server's. */
const codes: Readonly<Record<string, number>> = {
  // It answers nothing at all.
  'discovery-raw 3': -400,
  // A second poll of the hostname, or `set`, has swallowed the change there: -304.
  'discovery-go 7': 0,
  'discovery-go 36': 0,
  'discovery-go 44': 0,
};

/** Addresses joined by commas are split, and numbers in metadata kept: see the reference of each field. */
const ourFields: Readonly<Record<string, Json>> = {
  'raw.app h1': { addrs: ['http://127.0.97.1:80', 'grpc://127.0.97.1:90'] },
  'raw.app h2': { metadata: { weight: '10' } },
};

/** A registration was under way at the same moment. */
const raced = 'discovery-go 28';

const turnsMax = 10_000;

const stable = ['region', 'zone', 'env', 'appid', 'hostname', 'addrs', 'version', 'metadata', 'status'];

function instancesIn(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(instancesIn);
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Json;
  return typeof fields['hostname'] === 'string' ? [fields] : Object.values(fields).flatMap(instancesIn);
}

/** Without times, and without this server itself. */
function stableIn(value: unknown, isRecorded: boolean): Record<string, Json> {
  const found = instancesIn(value).filter(({ appid }) => appid !== 'infra.discovery');
  return Object.fromEntries(
    found.map((one) => {
      const name = `${String(one['appid'])} ${String(one['hostname'])}`;
      const picked = Object.fromEntries(stable.map((field) => [field, one[field]]));
      // Written in both ways there.
      picked['metadata'] ??= {};
      return [name, { ...picked, ...(isRecorded ? ourFields[name] : {}) }];
    }),
  );
}

/** The timestamps of apps in a body, by the app. */
function latestIn(body: string): Record<string, string> {
  const found = body.matchAll(/"([a-z][a-z.]+)":\{"instances":.*?\]\},"latest_timestamp":(\d+)\}/g);
  return Object.fromEntries([...found].map(([, app, latest]) => [app as string, latest as string]));
}

interface Answer {
  readonly exchange: Exchange;
  reply: Reply | undefined;
}

async function replay(name: string): Promise<Answer[]> {
  const world = createWorld({ deps: { adapters: { names: ['discovery'], env: 'prod' } } });
  await world.app.ready();
  const ours = new Map<string, string>();
  const answers: Answer[] = [];
  let passedMs = 0;
  for (const exchange of exchangesOf(name)) {
    const { request } = exchange;
    const isLongAfter = exchange.atMs - passedMs > 600_000;
    world.timers.pass(Math.max(0, exchange.atMs - passedMs));
    world.clock.advance(Math.max(0, exchange.atMs - passedMs));
    passedMs = Math.max(passedMs, exchange.atMs);
    // Between two runs.
    if (isLongAfter) world.registry.evictExpired(1000);
    const url = request.url.replace(/latest_timestamp=(\d+)/g, (whole, given: string) => {
      const mine = ours.get(given);
      return mine === undefined ? whole : `latest_timestamp=${mine}`;
    });
    const { host: _host, 'content-length': _length, ...headers } = request.headers;
    const payload = request.body === '' ? {} : { payload: request.body };
    const answer: Answer = { exchange, reply: undefined };
    answers.push(answer);
    const { waiting } = world.longPolls;
    void world.app.inject({ method: request.method, url, headers, ...payload } as InjectOptions).then((reply) => {
      answer.reply = reply;
      const mine = latestIn(reply.body);
      for (const [app, latest] of Object.entries(latestIn(exchange.reply.body)))
        if (mine[app] !== undefined) ours.set(latest, mine[app]);
    });
    const isHeld = () => world.longPolls.waiting > waiting;
    for (let turn = 0; turn < turnsMax && answer.reply === undefined && !isHeld(); turn++) await setImmediate();
  }
  world.timers.pass(60_000);
  const isOpen = () => answers.some(({ reply }) => reply === undefined);
  for (let turn = 0; turn < turnsMax && isOpen(); turn++) await setImmediate();
  return answers;
}

function faultsOf(name: string, { exchange, reply }: Answer): unknown[] {
  if (reply === undefined) return ['no answer'];
  const { number, reply: recorded } = exchange;
  if (reply.statusCode !== recorded.status) return [{ status: recorded.status, ours: reply.statusCode }];
  if (recorded.status !== 200) return reply.body === recorded.body ? [] : [{ ours: reply.body }];
  const theirs = recorded.body === '' ? {} : (JSON.parse(recorded.body) as Json);
  const mine = JSON.parse(reply.body) as Json;
  const code = codes[`${name} ${number}`] ?? theirs['code'];
  if (mine['code'] !== code) return [{ code, ours: reply.body.slice(0, 300) }];
  if (code !== theirs['code']) return [];
  const faults: unknown[] = [];
  if (recorded.headers['kratos-status-code'] !== reply.headers['kratos-status-code'])
    faults.push({ header: recorded.headers['kratos-status-code'], ours: reply.headers['kratos-status-code'] });
  for (const field of ['message', 'ttl', 'error'])
    if (`${name} ${number}` !== raced && JSON.stringify(mine[field]) !== JSON.stringify(theirs[field]))
      faults.push({ field, recorded: theirs[field], ours: mine[field] });
  const [known, found] = [stableIn(theirs['data'], true), stableIn(mine['data'], false)];
  for (const [instance, fields] of Object.entries(known))
    if (JSON.stringify(found[instance]) !== JSON.stringify(fields))
      faults.push({ instance, recorded: fields, ours: found[instance] });
  return faults;
}

test.each(transcripts('discovery'))('%s', async (name) => {
  const answers = await replay(name);
  expect(answers.length).toBeGreaterThan(10);
  const wrong = answers
    .map((answer) => ({ answer, faults: faultsOf(name, answer) }))
    .filter(({ faults }) => faults.length > 0)
    .map(({ answer: { exchange }, faults }) => ({ number: exchange.number, call: exchange.request.url, faults }));
  expect(wrong).toEqual([]);
});
