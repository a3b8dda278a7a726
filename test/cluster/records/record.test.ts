// Records as they are kept in etcd: what is written is read back, what a later version wrote survives, and what none
// could have written is refused with the field.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClusterRecord,
  noUnknown,
  operationOf,
  parseRecord,
  recordText,
  withRegistration,
} from '../../../src/cluster/records/record.ts';
import { recordLimits } from '../../../src/cluster/records/record-parts.ts';
import { parseTombstone, type Tombstone, tombstoneText } from '../../../src/cluster/records/tombstone.ts';
import { combinedHealth, Verdict } from '../../../src/model/health.ts';
import { parseRegistration, type Registration } from '../../../src/model/instance.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function registration(fields: Record<string, unknown> = {}): Registration {
  const input = { addrs: ['http://10.0.0.7:8080'], ...fields };
  const parsed = parseRegistration(input, { leaseSeconds: 90, dnsTtl: 5 });
  if (Array.isArray(parsed)) throw new Error(JSON.stringify(parsed));
  return parsed;
}

const record: ClusterRecord = {
  instance: 'Orders-1',
  owner: 'n1',
  operation: 'n1-77',
  dataRevision: undefined,
  place: 0,
  registration: registration(),
  label: 'orders-1',
  policy: { kind: 'lease', atEnd: 'evict', thenSeconds: undefined, deadline: 'first' },
  status: { wanted: 'up', verdict: 'alive', override: undefined },
  times: {
    registeredAtMs: 1,
    upAtMs: undefined,
    updatedAtMs: 2,
    dirtyAtMs: 1,
    isDirtyGiven: false,
    hlc: 3,
  },
  cause: { why: 'registered', by: { address: '10.0.0.1', front: 'api' }, rest: {} },
  health: undefined,
  unknown: noUnknown,
};

function read(text: string): ClusterRecord {
  const parsed = parseRecord(bytes(text));
  if (Array.isArray(parsed)) throw new Error(JSON.stringify(parsed));
  return parsed;
}

/** The record as JSON, with some of it replaced. */
function changed(path: string, value: unknown): string {
  const json = JSON.parse(recordText(record)) as Record<string, unknown>;
  const parts = path.split('.');
  const last = parts.pop() as string;
  let at = json;
  for (const part of parts) at = at[part] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return JSON.stringify(json);
}

function faults(text: string): string[] {
  const parsed = parseRecord(bytes(text));
  return Array.isArray(parsed) ? parsed.map(({ field }: { field: string }) => field) : [];
}

describe('a record', () => {
  const text = fc.stringMatching(/^[ -~]{0,20}$/);
  const judgement = { verdict: fc.constantFrom(...Verdict), reason: text };
  const wallMs = fc.nat();
  const any = fc.record<Omit<ClusterRecord, 'unknown' | 'registration'>>({
    instance: fc.stringMatching(/^[!-~]{1,30}$/),
    owner: fc.stringMatching(/^[a-z0-9]{1,10}$/),
    operation: text,
    dataRevision: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
    place: fc.nat(99),
    label: fc.stringMatching(/^[a-z0-9]{1,20}$/),
    policy: fc.record<ClusterRecord['policy']>({
      kind: fc.constantFrom('lease', 'checks', 'none', 'connection', 'remote'),
      atEnd: fc.constantFrom('evict', 'waiting'),
      thenSeconds: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
      deadline: fc.constantFrom('first', 'second'),
    }),
    status: fc.record<ClusterRecord['status']>({
      wanted: fc.constantFrom('up', 'waiting'),
      verdict: fc.constantFrom('alive', 'lapsed'),
      override: fc.option(
        fc.record<NonNullable<ClusterRecord['status']['override']>>({
          status: fc.constantFrom('up', 'waiting'),
          by: text,
          reason: text,
          until: fc.oneof(fc.constant('next-up' as const), fc.constant('unbounded' as const), wallMs),
        }),
        { nil: undefined },
      ),
    }),
    times: fc.record({
      registeredAtMs: wallMs,
      upAtMs: fc.option(wallMs, { nil: undefined }),
      updatedAtMs: wallMs,
      dirtyAtMs: wallMs,
      isDirtyGiven: fc.boolean(),
      hlc: wallMs,
    }),
    cause: fc.record({
      why: text,
      by: fc.option(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text), { nil: undefined }),
      rest: fc.constant({}),
    }),
    health: fc.option(
      fc.oneof(
        fc.record<NonNullable<ClusterRecord['health']>>({
          ...judgement,
          file: fc.option(text, { nil: undefined }),
        }),
        fc
          .record({ lease: fc.record(judgement), checks: fc.record(judgement) })
          .map((parts) => combinedHealth(parts, undefined)),
      ),
      { nil: undefined },
    ),
  });

  test('is read as it was written', () => {
    const metadata = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(any, metadata, (fields, more) => {
        const whole = { ...fields, registration: registration({ metadata: more }), unknown: noUnknown };
        expect(read(recordText(whole))).toEqual(whole);
      }),
    );
  });

  test('carries the entry that it counts for', () => {
    expect(read(recordText({ ...record, quotaEntry: 'deploy' })).quotaEntry).toBe('deploy');
    expect(read(recordText(record)).quotaEntry).toBeUndefined();
    expect(parseRecord(bytes(changed('q', 7)))).toMatchObject([{ field: 'q' }]);
  });

  test('carries what fronts of other registries keep, and passes over what cannot be read', () => {
    const fronts = { eureka: { appName: 'ORDERS', content: '{"hostName":"h"}' } };
    expect(read(recordText({ ...record, fronts })).fronts).toEqual(fronts);
    const damaged = { ...fronts, discovery: { appName: 'orders', content: '[' } };
    expect(read(changed('f', damaged)).fronts).toEqual(fronts);
  });

  test('keeps what a later version wrote, at every depth, through a change of owner', () => {
    const paths = ['later', 'r.later', 'p.later', 's.later', 't.later', 'c.later', 's.override.later', 'h.later'];
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }).map(asJson), (value) => {
        const json = JSON.parse(
          recordText({
            ...record,
            health: { verdict: 'passing', reason: '', file: undefined },
            status: { ...record.status, override: { status: 'waiting', by: 'x', reason: undefined, until: 'next-up' } },
          }),
        ) as Record<string, unknown>;
        for (const path of paths) {
          const parts = path.split('.');
          const last = parts.pop() as string;
          let at = json;
          for (const part of parts) at = at[part] as Record<string, unknown>;
          at[last] = value;
        }
        const rewritten = recordText({ ...read(JSON.stringify(json)), owner: 'n2' });
        expect(JSON.parse(rewritten)).toEqual({ ...json, o: 'n2' });
      }),
    );
  });

  test('that is registered anew loses the fields of the old registration, and nothing else', () => {
    const later = read(changed('r.later', 1).replace('{', '{"top":2,'));
    const json = JSON.parse(recordText(withRegistration(later, registration({ version: '2' }))));
    expect(json).toMatchObject({ top: 2, r: { version: '2' } });
    expect(json.r).not.toHaveProperty('later');
  });

  test.each<[string, unknown, string]>([
    ['v', 2, 'v'],
    ['v', undefined, 'v'],
    ['n', '', 'n'],
    ['n', 7, 'n'],
    ['o', 'N 1', 'o'],
    ['o', undefined, 'o'],
    ['u', 'x'.repeat(65), 'u'],
    ['u', 'a\u0007', 'u'],
    ['d', 0, 'd'],
    ['d', 1.5, 'd'],
    ['l', '-x', 'l'],
    ['r', [], 'r'],
    ['r.addrs', ['nonsense'], 'r.addrs[0]'],
    ['r.leaseSeconds', 1, 'r.leaseSeconds'],
    ['p.kind', 'prayer', 'p.kind'],
    ['p.thenSeconds', -1, 'p.thenSeconds'],
    ['s.wanted', 'down', 's.wanted'],
    ['s.override', { status: 'up' }, 's.override.by'],
    ['t.hlc', '3', 't.hlc'],
    ['t.isDirtyGiven', 1, 't.isDirtyGiven'],
    ['t', null, 't'],
    ['c', 'because', 'c'],
    ['h', { verdict: 'fine', reason: '' }, 'h.verdict'],
  ])('with %s = %j is refused for %s', (path, value, field) => {
    expect(faults(changed(path, value))).toContain(field);
  });

  test.each([
    ['no JSON', '{"v":1'],
    ['a list', '[]'],
    ['nothing', ''],
    ['too long', `{"v":1,"x":"${'x'.repeat(recordLimits.octets)}"}`],
  ])('%s is refused', (_name, value) => {
    expect(faults(value).length).toBeGreaterThan(0);
  });

  test('octets that are no UTF-8 are refused', () => {
    expect(parseRecord(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject([{ field: '' }]);
  });

  test('nested without end is refused, not walked into', () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    expect(faults(recordText(record).replace('{', `{"later":${deep},`))).toEqual(['later']);
  });

  test('of any octets never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        parseRecord(value);
        operationOf(value);
        parseTombstone(value);
      }),
    );
  });

  test('names its operation without being read whole', () => {
    expect(operationOf(bytes(recordText(record)))).toBe('n1-77');
    expect(operationOf(bytes('{"u":5}'))).toBeUndefined();
    expect(operationOf(bytes('nothing'))).toBeUndefined();
  });
});

describe('a tombstone', () => {
  const tombstone: Tombstone = {
    why: 'cancelled',
    by: { address: '10.0.0.1' },
    operation: 'n1-78',
    place: 7,
    hlc: 9,
    dirtyAtMs: 4,
    unknown: { later: [1] },
  };

  test('is read as it was written', () => {
    expect(parseTombstone(bytes(tombstoneText(tombstone)))).toEqual(tombstone);
    expect(operationOf(bytes(tombstoneText(tombstone)))).toBe('n1-78');
  });

  test.each([
    ['why', { why: 'bored' }],
    ['hlc', { hlc: -1 }],
    ['dirtyAt', { dirtyAt: 'x' }],
    ['v', { v: 2 }],
  ])('with a wrong %s is refused', (field, fields) => {
    const json = { ...(JSON.parse(tombstoneText(tombstone)) as object), ...fields };
    expect(parseTombstone(bytes(JSON.stringify(json)))).toMatchObject([{ field }]);
  });
});

/** As it comes out of JSON, which has no -0. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
