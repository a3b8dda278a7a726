// That an app is large changes what a name costs, never what it means: against a walk over all instances, selector by
// selector, for any history, with the app's numbers kept from its first instance on and not kept at all.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LargeApp } from '../../../../src/dns/services/apps/large-app.ts';
import { findServiceName, type LargeAppsView } from '../../../../src/dns/services/names/service-name.ts';
import type { Address } from '../../../../src/model/address.ts';
import type { Instance } from '../../../../src/model/instance.ts';
import type { AppView } from '../../../../src/model/view.ts';
import { Harness } from '../../../kit/registry/harness.ts';

const base = ['orders', 'prod'];

const noneIsLarge: LargeAppsView = { of: () => undefined };

/** The app `orders.prod` as numbers, at any size, kept up with every change. */
function largeOf(harness: Harness): LargeAppsView {
  let large: LargeApp | undefined;
  harness.registry.onChange(({ before, after }) => {
    const app = harness.registry.app('prod', 'orders');
    if (app === undefined) large = undefined;
    else if (large === undefined) large = new LargeApp(app);
    else large.changed(before, after);
  });
  return { of: () => large };
}

/** `NXDOMAIN`, `within`, or the kind and which addresses of whom. */
function meaning(harness: Harness, labels: readonly string[], largeApps: LargeAppsView): string {
  const found = findServiceName([...labels, ...base], harness.registry, largeApps);
  if (found === undefined) return 'NXDOMAIN';
  if (found.kind === 'within') return 'within';
  const { kind, servesAddress = () => true, near } = found.scope;
  const instances = [...found.scope.instances()].map(({ instance }) => instance);
  return `${described(kind, instances, servesAddress)}${near === undefined ? '' : ` near ${near.zones.join(', ')}`}`;
}

function described(kind: string, instances: readonly Instance[], serves: (address: Address) => boolean): string {
  const parts = instances.map(({ label, addrs }) => {
    const served = addrs.filter(serves).map(({ portName, protocol, port }) => `${portName}/${protocol}/${port}`);
    return served.length === 0 ? '' : `${label}(${served.join(' ')})`;
  });
  const served = parts.filter((part) => part !== '').sort();
  return `${kind}: ${served.join(' ')}`;
}

const describes: Readonly<Record<string, (instance: Instance) => readonly string[]>> = {
  _version: ({ version }) => [version],
  _zone: ({ zone }) => [zone],
  _group: ({ group }) => [group],
  _tag: ({ tags }) => tags,
  _port: ({ addrs }) => addrs.map(({ portName }) => portName),
};

const octets = (text: string) =>
  Buffer.from(text)
    .toString('latin1')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** What the labels mean, by the rule alone: from right to left, each selector leaves some of the instances. */
function walk(app: AppView, labels: readonly string[]): string {
  let chosen = [...app.instances()].map(({ instance }) => instance);
  const ports: string[] = [];
  const near: string[] = [];
  let end = labels.length;
  for (let left = 8; end > 0; left--) {
    const textsOf = describes[labels[end - 1] ?? ''];
    const isNear = labels[end - 1] === '_near';
    if (textsOf === undefined && !isNear) return beside(walkPort(labels.slice(0, end), chosen, ports), near);
    if (left === 0) return 'NXDOMAIN';
    let start = end - 1;
    while (start > 0 && !labels[start - 1]?.startsWith('_')) start--;
    const own = labels.slice(start, end - 1);
    if (own.some((label) => label.includes('.'))) return 'NXDOMAIN';
    const value = own.join('.');
    if (textsOf === undefined) {
      // A preference leaves no instance out; alone it stands between, above any zone's name.
      if (value === '') return start === 0 ? 'within' : 'NXDOMAIN';
      if (!isZone(value)) return 'NXDOMAIN';
      near.push(value);
      end = start;
      continue;
    }
    const matching = chosen.filter((one) => value !== '' && textsOf(one).some((text) => octets(text) === value));
    if (matching.length === 0) {
      const isEnd = (text: string) => text !== '' && (value === '' || octets(text).endsWith(`.${value}`));
      return start === 0 && chosen.some((one) => textsOf(one).some(isEnd)) ? 'within' : 'NXDOMAIN';
    }
    if (labels[end - 1] === '_port') ports.push(value);
    chosen = matching;
    end = start;
  }
  return beside(
    described('app', chosen, ({ portName }) => ports.length === 0 || ports.includes(portName)),
    near,
  );
}

function beside(meant: string, near: readonly string[]): string {
  return near.length === 0 || !meant.includes(':') ? meant : `${meant} near ${near.join(', ')}`;
}

function isZone(value: string): boolean {
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return value.length <= 63 && Buffer.from(text).toString('latin1') === value;
}

function walkPort(labels: readonly string[], chosen: readonly Instance[], ports: readonly string[]): string {
  if (labels.length > 2) return 'NXDOMAIN';
  const protocol = labels.at(-1);
  const asked = labels.length === 2 ? labels[0] : undefined;
  const serves = (address: Address) =>
    `_${address.protocol}` === protocol &&
    (asked === undefined || `_${address.portName}` === asked) &&
    (ports.length === 0 || ports.includes(address.portName));
  if (!chosen.some(({ addrs }) => addrs.some(serves))) return 'NXDOMAIN';
  return asked === undefined ? 'within' : described('service', chosen, serves);
}

describe('names of large and of other apps mean the same', () => {
  const text = fc.constantFrom(
    '',
    '1',
    '1.4',
    '1.4.2',
    '2.1.4',
    'A',
    'a',
    'Ä.b',
    'a b',
    'x.',
    '.x',
    '..',
    'a..b',
    '_c',
  );
  const body = fc.record({
    addrs: fc.uniqueArray(
      fc.constantFrom('http://10.0.0.1:80', 'http://10.0.0.1:81', 'grpc://10.0.0.1:90', 'dns+udp://10.0.0.1:53'),
      { minLength: 1, maxLength: 3 },
    ),
    version: text,
    zone: fc.constantFrom('eu', 'eu', '1.eu'),
    group: text,
    tags: fc.uniqueArray(
      text.filter((tag) => tag !== ''),
      { maxLength: 4 },
    ),
    status: fc.constantFrom('up', 'waiting'),
  });
  const step = fc.record({
    what: fc.constantFrom('register', 'register', 'register', 'cancel', 'patch', 'elapse'),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    body,
  });
  const label = fc.constantFrom(
    '1',
    '4',
    '2',
    'a',
    'b',
    'eu',
    'x',
    '\u00c3\u0084',
    'a b',
    '4.2',
    'http',
    'grpc',
    'dns',
  );
  const key = fc.constantFrom('_version', '_zone', '_group', '_tag', '_port', '_near', '_near');
  const value = fc.oneof(
    fc.constantFrom(['1'], ['1', '4'], ['1', '4', '2'], ['4', '2'], ['a'], ['b'], ['x'], ['\u00c3\u0084', 'b'], []),
    fc.array(label, { maxLength: 3 }),
  );
  const selector = fc.oneof(
    fc.constantFrom(
      ['eu', '_zone'],
      ['eu', '_near'],
      ['z\u00ff', '_near'],
      ['_near'],
      ['http', '_port'],
      ['grpc', '_port'],
      ['a', '_tag'],
      ['1', '4', '_tag'],
    ),
    fc.tuple(value, key).map(([labels, last]) => [...labels, last]),
  );
  const left = fc.oneof(
    fc.constant([]),
    fc.constantFrom(['_tcp'], ['_udp'], ['_http', '_tcp'], ['_dns', '_udp'], ['_grpc', '_udp']),
    fc.constantFrom(
      ['_http._tcp'],
      ['x', '_http', '_tcp'],
      ['service'],
      ['_service'],
      ['_tcp', '_http'],
      ['_constructor'],
    ),
  );
  const asked = fc
    .tuple(left, fc.array(selector, { maxLength: 3 }))
    .map(([first, rest]) => [...first, ...rest.flat()])
    .filter((labels) => labels.at(-1)?.startsWith('_') === true);

  test('for any history and any names', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.array(asked, { minLength: 1, maxLength: 12 }),
        (steps, names) => {
          const harness = new Harness();
          const large = largeOf(harness);
          for (const { what, id, body: registration } of steps) {
            const place = `orders.prod/${id}`;
            const isThere = harness.registry.find({ env: 'prod', appid: 'orders', instance: id }) !== undefined;
            if (what === 'register' || !isThere) harness.register(place, registration);
            else if (what === 'cancel') harness.cancel(place);
            else if (what === 'elapse') harness.elapse(40_000);
            else harness.registry.patch({ env: 'prod', appid: 'orders', instance: id }, { tags: registration.tags });
            const app = harness.registry.app('prod', 'orders');
            if (app === undefined) continue;
            for (const labels of names) {
              const expected = walk(app, labels);
              expect(meaning(harness, labels, large), labels.join(' ')).toBe(expected);
              expect(meaning(harness, labels, noneIsLarge), labels.join(' ')).toBe(expected);
              const [kind = ''] = expected.split(':');
              seen.set(kind, (seen.get(kind) ?? 0) + 1);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
    // The property is empty unless names of all kinds were met.
    for (const kind of ['app', 'service', 'within', 'NXDOMAIN']) expect(seen.get(kind), kind).toBeGreaterThan(150);
  });
});

test('a change is seen at once', () => {
  const harness = new Harness();
  const large = largeOf(harness);
  harness.register('orders.prod/a', { version: '1.4', tags: ['big'] });
  const ask = () =>
    ['1.4', '4', '5', '1.5'].map((version) => meaning(harness, [...version.split('.'), '_version'], large));
  const first = ['app: a(http/tcp/8080)', 'within', 'NXDOMAIN', 'NXDOMAIN'];
  expect(ask()).toEqual(first);
  harness.patch('orders.prod/a', { version: '1.5' });
  expect(ask()).toEqual(['NXDOMAIN', 'NXDOMAIN', 'within', 'app: a(http/tcp/8080)']);
  harness.cancel('orders.prod/a');
  harness.register('orders.prod/a', { version: '1.4', tags: ['big'] });
  expect(ask()).toEqual(first);
});

test('of thousands of values each end is found, as long as an instance has it', () => {
  const harness = new Harness();
  const large = largeOf(harness);
  const dotted = (n: number) => [...n.toString(2).padStart(14, '0').repeat(2)].join('.');
  for (let i = 0; i < 120; i++) {
    const tags = Array.from({ length: 32 }, (_, j) => `${dotted(i * 32 + j)}.t${i % 7}.u${j}`.slice(-63));
    harness.register(`orders.prod/i${i}`, { tags });
  }
  expect(meaning(harness, ['t3', 'u31', '_tag'], large)).toBe('within');
  expect(meaning(harness, ['t7', 'u31', '_tag'], large)).toBe('NXDOMAIN');
  expect(meaning(harness, [...dotted(33).split('.'), 't1', 'u1', '_tag'], large)).toBe('app: i1(http/tcp/8080)');
  for (let i = 3; i < 120; i += 7) harness.cancel(`orders.prod/i${i}`);
  expect(meaning(harness, ['t3', 'u31', '_tag'], large)).toBe('NXDOMAIN');
  expect(meaning(harness, ['t4', 'u31', '_tag'], large)).toBe('within');
});
