// What a registration may have: defaults, limits on both sides of each boundary, and all problems at once.

import { describe, expect, test } from 'vitest';
import {
  isSameRegistration,
  limits,
  parseRegistration,
  type Registration,
  registrationToJson,
} from '../../src/model/instance.ts';
import type { Problem } from '../../src/model/problem.ts';
import { defaults, someAddress } from '../kit/registry/harness.ts';

const addrs = [someAddress];

function registrationOf(body: Record<string, unknown>): Registration {
  const parsed = parseRegistration({ addrs, ...body }, defaults);
  if (Array.isArray(parsed)) throw new Error(JSON.stringify(parsed));
  return parsed;
}

function problemsOf(input: unknown): readonly Problem[] {
  const parsed = parseRegistration(input, defaults);
  if (!Array.isArray(parsed)) throw new Error('accepted');
  return parsed;
}

const faults = (body: Record<string, unknown>) => problemsOf({ addrs, ...body });
const listOf = (count: number) => Array.from({ length: count }, (_, i) => `http://10.0.${i >> 8}.${i & 255}:80`);

test('only addresses are needed; the rest has defaults', () => {
  expect(registrationToJson(registrationOf({}))).toEqual({
    addrs,
    version: '',
    zone: '',
    group: '',
    tags: [],
    weight: 10,
    priority: 0,
    status: 'up',
    metadata: {},
    leaseSeconds: 90,
    dnsTtl: 5,
    checks: [],
  });
});

test('what is given is kept, and reads back to the same value', () => {
  const body = {
    addrs: ['http://10.0.0.7:8080', 'dns+udp://[2001:db8::7]:53', 'amqp://mq.example.org:5672'],
    version: '1.4.2',
    zone: 'eu-1a',
    group: 'blue',
    tags: ['canary', 'ß'],
    weight: 0,
    priority: 65_535,
    status: 'waiting',
    metadata: { team: 'pay', empty: '', 'a key': 'x=y "quoted" \\ \n ü' },
    leaseSeconds: 5,
    dnsTtl: 0,
    checks: [],
  };
  const registration = registrationOf(body);
  expect(registrationToJson(registration)).toEqual(body);
  expect(isSameRegistration(registration, registrationOf(registrationToJson(registration)))).toBe(true);
});

test('statuses have numbers as well', () => {
  expect(registrationOf({ status: 1 }).status).toBe('up');
  expect(registrationOf({ status: 2 }).status).toBe('waiting');
});

test('equal tags are one', () => expect(registrationOf({ tags: ['a', 'b', 'a'] }).tags).toEqual(['a', 'b']));

describe('the limits of each field, from inside', () => {
  test.each([
    ['addrs', listOf(32)],
    ['leaseSeconds', 5],
    ['leaseSeconds', 86_400],
    ['dnsTtl', 0],
    ['dnsTtl', 3600],
    ['weight', 65_535],
    ['priority', 0],
    ['version', 'x'.repeat(63)],
    ['zone', 'ü'.repeat(31)],
    ['tags', Array.from({ length: 32 }, (_, i) => `t${i}`)],
    ['metadata', Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, 'v']))],
    ['metadata', { k: 'v'.repeat(8191) }],
    ['metadata', { ['k'.repeat(63)]: '' }],
  ])('%s', (field, value) => {
    expect(registrationOf({ [field]: value })).toBeDefined();
  });
});

describe('a field is refused', () => {
  test.each<[string, unknown, string, string]>([
    ['addrs', undefined, 'addrs', '1-32 addresses'],
    ['addrs', [], 'addrs', '1-32 addresses'],
    ['addrs', listOf(33), 'addrs', '1-32 addresses'],
    ['addrs', someAddress, 'addrs', '1-32 addresses'],
    ['addrs', [7], 'addrs[0]', 'text of the form'],
    ['addrs', [someAddress, 'http://10.0.0.1:0'], 'addrs[1]', 'port must be 1-65535'],
    ['addrs', [someAddress, 'HTTP://10.0.0.1:8080/'], 'addrs[1]', 'listed twice'],
    ['version', 1.4, 'version', 'must be text'],
    ['version', null, 'version', 'must be text'],
    ['zone', 'x'.repeat(64), 'zone', 'at most 63 bytes'],
    ['zone', 'ü'.repeat(32), 'zone', 'at most 63 bytes'],
    ['group', 'a\nb', 'group', 'printable'],
    ['group', '\ud800', 'group', 'printable'],
    ['tags', 'canary', 'tags', 'list of at most 32'],
    ['tags', Array.from({ length: 33 }, () => 'x'), 'tags', 'list of at most 32'],
    ['tags', ['a', ''], 'tags[1]', 'not be empty'],
    ['tags', ['a', 1], 'tags[1]', 'must be text'],
    ['weight', -1, 'weight', '0-65535'],
    ['weight', 65_536, 'weight', '0-65535'],
    ['weight', 1.5, 'weight', 'whole number'],
    ['weight', '10', 'weight', 'whole number'],
    ['weight', Number.NaN, 'weight', 'whole number'],
    ['weight', Number.POSITIVE_INFINITY, 'weight', 'whole number'],
    ['weight', null, 'weight', 'whole number'],
    ['priority', 65_536, 'priority', '0-65535'],
    ['priority', true, 'priority', 'whole number'],
    ['leaseSeconds', 4, 'leaseSeconds', '5-86400'],
    ['leaseSeconds', 86_401, 'leaseSeconds', '5-86400'],
    ['leaseSeconds', null, 'leaseSeconds', 'whole number'],
    ['dnsTtl', -1, 'dnsTtl', '0-3600'],
    ['dnsTtl', 3601, 'dnsTtl', '0-3600'],
    ['status', 'UP', 'status', '"up" or "waiting"'],
    ['status', 3, 'status', '"up" or "waiting"'],
    ['status', null, 'status', '"up" or "waiting"'],
    ['metadata', [], 'metadata', 'object of text values'],
    ['metadata', 'x', 'metadata', 'object of text values'],
    ['metadata', null, 'metadata', 'object of text values'],
    ['metadata', { a: { b: 'c' } }, 'metadata.a', 'must be text'],
    ['metadata', { a: 1 }, 'metadata.a', 'must be text'],
    ['metadata', { a: null }, 'metadata.a', 'must be text'],
    ['metadata', { a: '\udc00' }, 'metadata.a', 'well-formed'],
    ['metadata', { '': 'x' }, 'metadata.', 'key of 1-63'],
    ['metadata', { 'a=b': 'x' }, 'metadata.a=b', 'without "="'],
    ['metadata', { ü: 'x' }, 'metadata.ü', 'printable ASCII'],
    ['metadata', { ['k'.repeat(64)]: 'x' }, `metadata.${'k'.repeat(63)}`, 'key of 1-63'],
    ['metadata', JSON.parse('{"__proto__":"x"}'), 'metadata.__proto__', 'not be used as a key'],
    ['metadata', { k: 'v'.repeat(8192) }, 'metadata', 'at most 8192 bytes'],
    ['metadata', { k: 'ü'.repeat(4096) }, 'metadata', 'at most 8192 bytes'],
    [
      'metadata',
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])),
      'metadata',
      'at most 64 keys',
    ],
  ])('%s %j', (field, value, at, why) => {
    expect(faults({ [field]: value })).toEqual([
      expect.objectContaining({ field: at, message: expect.stringContaining(why) }),
    ]);
  });

  test('that is unknown', () => {
    expect(faults({ wieght: 1 })).toMatchObject([{ field: 'wieght', message: expect.stringContaining('not a field') }]);
    expect(problemsOf(JSON.parse(`{"addrs":["${someAddress}"],"__proto__":{"weight":3}}`))).toMatchObject([
      { field: '__proto__' },
    ]);
    expect(faults({ constructor: { prototype: {} } })).toMatchObject([{ field: 'constructor' }]);
  });
});

test.each([undefined, null, [], 'text', 7, true])('%j is no registration', (input) => {
  expect(problemsOf(input)).toMatchObject([{ field: '', message: 'must be a JSON object' }]);
});

test('fields come from the object itself, never from its prototype', () => {
  const input: unknown = Object.create({ weight: 3 }, { addrs: { value: addrs, enumerable: true } });
  expect(parseRegistration(input, defaults)).toMatchObject({ weight: 10 });
});

test('all problems are reported at once, unknown fields first, then in the order of the fields', () => {
  const fields = faults({
    colour: 'red',
    addrs: ['http://1.2.3:80', 'ftp'],
    version: 1,
    tags: ['', 2],
    weight: -1,
    status: 'down',
    metadata: { a: 1, 'b=': 'x' },
    leaseSeconds: 1,
  }).map(({ field }) => field);
  const expected = ['colour', 'addrs[0]', 'addrs[1]', 'version', 'tags[0]', 'tags[1]', 'weight', 'status'];
  expect(fields).toEqual([...expected, 'metadata.a', 'metadata.b=', 'leaseSeconds']);
});

test('a problem shows the value, cut and without control characters', () => {
  const [problem] = faults({ version: `\u001b[2J\n${'x'.repeat(500)}` });
  expect(problem?.value).toMatch(/^\\u001b\[2J\\u000ax+…$/);
  expect(problem?.value?.length).toBeLessThan(110);
});

test('a registration is frozen', () => {
  const registration = registrationOf({ tags: ['a'] });
  expect(Object.isFrozen(registration)).toBe(true);
  expect(Object.isFrozen(registration.addrs)).toBe(true);
  expect(Object.isFrozen(registration.tags)).toBe(true);
});

test('registrations differ in any field, and in the order of what is ordered', () => {
  const base = registrationOf({ tags: ['a', 'b'], metadata: { x: '1' } });
  for (const other of [{ tags: ['b', 'a'] }, { weight: 11 }, { metadata: { x: '2' } }, { dnsTtl: 6 }, { zone: 'a' }]) {
    expect(isSameRegistration(base, registrationOf({ tags: ['a', 'b'], metadata: { x: '1' }, ...other }))).toBe(false);
  }
});

test('the limits are those of the design', () => {
  expect(limits).toMatchObject({ addrs: 32, metadataKeys: 64, metadataOctets: 8192, weight: 65_535 });
  expect(limits.leaseSeconds).toEqual({ min: 5, max: 86_400 });
  expect(limits.dnsTtl).toEqual({ min: 0, max: 3600 });
});
